import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { httpFixture, textUntilClosed } from "../fixture/http.ts";
import { ACCEPT, begin, callOf, INITIALIZE, metric, post, postModern } from "../fixture/http-requests.ts";

const HAS_IPV6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === "::1"));

const PATIENT = { timeout: 15_000 };

// Where it listens, what it bounds, and how it ends.

describe("anything but loopback needs authentication and TLS", () => {
  test.each([
    [{ host: "0.0.0.0", authentication: "none" as const }, ["http.authentication", "http.tls", "http.allowed_hosts"]],
    [{ host: "192.0.2.1" }, ["http.tls"]],
    [
      { host: "::", tls: { cert_path: "/c", key_path: "/k" }, allowed_hosts: ["ops.example.com"], authentication: "none" as const },
      ["http.authentication"],
    ],
    [{ host: "ops.example.com", tls: { cert_path: "/c", key_path: "/k" }, authentication: "none" as const }, ["http.authentication"]],
  ])("%o", async (settings, named) => {
    const failure = await httpFixture({ settings }).then(
      () => undefined,
      (error: unknown) => error as { code: string; details: { problems: string[] } },
    );
    expect(failure?.code).toBe("settings_invalid");
    expect(failure?.details.problems.map((problem) => problem.split(":")[0])).toEqual(named);
  });
});

test("a port that another program has is named, whichever of both addresses it is on", async () => {
  await using first = await httpFixture();
  for (const host of ["localhost", "127.0.0.1"])
    await expect(httpFixture({ settings: { port: first.port, host } })).rejects.toMatchObject({ code: "port_taken" });
});

test.each(HAS_IPV6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"])(
  "a port that another program has on %s alone is taken on neither address",
  async (address) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, address, resolve));
    const { port } = other.address() as AddressInfo;
    await expect(httpFixture({ settings: { port } })).rejects.toMatchObject({ code: "port_taken" });
    await expect(fetch(`http://${address === "::1" ? "127.0.0.1" : "[::1]"}:${port}/healthz`)).rejects.toThrow();
    await new Promise((resolve) => other.close(resolve));
  },
);

test("on loopback everybody may call where the operator says so", async () => {
  await using http = await httpFixture({ settings: { authentication: "none" } });
  const answer = await fetch(http.url, { method: "POST", headers: ACCEPT, body: JSON.stringify(INITIALIZE) });
  expect(answer.status).toBe(200);
});

test("health, readiness and figures", async () => {
  await using http = await httpFixture();
  const get = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(new URL(path, http.url));
    return [answer.status, await answer.text()];
  };
  expect(await get("/healthz")).toEqual([200, "ok\n"]);
  expect(await get("/readyz")).toEqual([200, "ok\n"]);
  const token = await http.token();
  const session = await begin(http, token);
  await (await post(http, token, callOf(1, "list_things", {}), session)).text();
  await (await post(http, token, callOf(2, "x".repeat(50), {}), session)).text();
  await post(http, "no", INITIALIZE);
  const [, figures] = await get("/metrics");
  expect(figures).toMatch(/platform_ops_http_tool_calls_total\{tool="list_things",outcome="done"\} 1\n/);
  // What clients make up is no label.
  expect(figures).toMatch(/tool="unknown",outcome="refused"\} 1\n/);
  expect(figures).toMatch(/refused_total\{reason="bad_token"\} 1\n/);
  expect(figures).toMatch(/platform_ops_http_call_seconds_bucket\{le="\+Inf"\} [1-9]/);
  expect(figures).not.toContain(token);
});

describe("bounds", () => {
  test("more requests than a token may send are put off", async () => {
    await using http = await httpFixture({ limits: { requests_per_second: 0.1, burst: 3 } });
    const [token, other] = [await http.token(), await http.token()];
    const statuses: number[] = [];
    for (let at = 0; at < 5; at++) statuses.push((await post(http, token, INITIALIZE)).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    expect(Number((await post(http, token, INITIALIZE)).headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await post(http, other, INITIALIZE)).status).toBe(200);
  });

  test("a message that holds many is paid for each", async () => {
    await using http = await httpFixture({ limits: { requests_per_second: 0.1, burst: 5 } });
    const token = await http.token();
    const session = await begin(http, token);
    const many = Array.from({ length: 5 }, (_, at) => ({ jsonrpc: "2.0", id: at + 1, method: "ping" }));
    expect((await post(http, token, many, session)).status).toBe(429);
  });

  test("of too many calls at once the last are put off, and the others are answered", async () => {
    await using http = await httpFixture({ limits: { concurrent_requests: 2 } });
    const token = await http.token();
    const session = await begin(http, token);
    const stop = new AbortController();
    const waiting = [1, 2].map((id) =>
      fetch(http.url, {
        method: "POST",
        headers: { ...ACCEPT, authorization: `Bearer ${token}`, ...session },
        body: JSON.stringify(callOf(id, "show_failure", { how: "never" })),
        signal: stop.signal,
      }),
    );
    await expect.poll(() => metric(http, "http_active_requests")).toBe(2);
    const refused = await post(http, token, callOf(3, "list_things", {}), session);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    await Promise.all(waiting);
    stop.abort();
    await expect.poll(() => metric(http, "http_active_requests")).toBe(0);
    expect((await post(http, token, callOf(4, "list_things", {}), session)).status).toBe(200);
  });

  test("one principal does not take all places", async () => {
    await using http = await httpFixture({ limits: { concurrent_requests: 3, concurrent_requests_per_principal: 2 } });
    const [ann, again, eve] = [await http.token(), await http.token(), await http.token({ principal: "eve" })];
    const session = await begin(http, ann);
    const waiting = [1, 2].map((id) => post(http, ann, callOf(id, "show_failure", { how: "gated" }), session));
    await expect.poll(() => metric(http, "http_active_requests")).toBe(2);
    expect((await post(http, again, INITIALIZE)).status).toBe(503);
    expect((await post(http, eve, INITIALIZE)).status).toBe(200);
    http.deps.done.push("gate open");
    for (const one of waiting) expect(await (await one).text()).toContain("went through");
    expect((await post(http, again, INITIALIZE)).status).toBe(200);
  });

  test("one more session takes the place of the longest idle one of the same principal, never of another's", async () => {
    await using http = await httpFixture({ limits: { sessions: 3, sessions_per_principal: 2 } });
    const [ann, eve] = [await http.token(), await http.token({ principal: "eve" })];
    const sessions = [await begin(http, ann), await begin(http, ann), await begin(http, ann)];
    const statuses = await Promise.all(
      sessions.map(async (session) => (await post(http, ann, callOf(1, "list_things", {}), session)).status),
    );
    expect(statuses).toEqual([404, 200, 200]);
    await begin(http, eve);
    expect(await metric(http, "http_sessions")).toBe(3);
    expect((await post(http, await http.token({ principal: "joe" }), INITIALIZE)).status).toBe(503);
  });

  test("a session that nobody uses ends", async () => {
    await using http = await httpFixture({ limits: { session_idle_minutes: 0.01 } });
    const token = await http.token();
    const session = await begin(http, token);
    await expect.poll(() => metric(http, "http_sessions"), { timeout: 10_000 }).toBe(0);
    expect((await post(http, token, callOf(1, "list_things", {}), session)).status).toBe(404);
  });
});

test("a session on whose stream a client listens stays", async () => {
  await using http = await httpFixture({ limits: { session_idle_minutes: 0.01 } });
  const token = await http.token();
  const listened = await begin(http, token);
  const stream = await fetch(http.url, { headers: { ...ACCEPT, authorization: `Bearer ${token}`, ...listened } });
  await begin(http, token);
  await expect.poll(() => metric(http, "http_sessions"), { timeout: 10_000 }).toBe(1);
  expect((await post(http, token, callOf(1, "list_things", {}), listened)).status).toBe(200);
  await stream.body?.cancel();
  await expect.poll(() => metric(http, "http_sessions"), { timeout: 10_000 }).toBe(0);
});

test("the log tells of requests, and nothing of what was in them", async () => {
  await using http = await httpFixture();
  const session = await begin(http, await http.token());
  const token = await http.token({ principal: "eve" });
  const own = await begin(http, token);
  await post(http, token, callOf(1, "start_thing", { name: "argument-hunter2" }), own);
  await post(http, token, callOf(2, "no_tool_hunter2", {}), { ...own, "x-hunter2": "hunter2", "mcp-name": "hunter2" });
  await post(http, token, callOf(3, "list_things", {}), session);
  await fetch(`${http.url.replace("/mcp", "/hunter2")}?hunter2`, { headers: { "user-agent": "hunter2" } });
  await fetch(`${http.url}?token=hunter2`);
  await expect.poll(() => http.logs.filter(({ message }) => message === "request")).toMatchObject([{}, {}, {}, {}, {}, {}, {}]);
  expect(http.logs.find(({ fields }) => fields?.["principal"] === "eve")?.fields).toMatchObject({
    path: "/mcp",
    method: "POST",
    status: 200,
    duration_ms: expect.any(Number),
  });
  const requests = http.logs.filter(({ message }) => message === "request");
  expect(JSON.stringify(requests)).not.toContain("hunter2");
});

describe("the end", () => {
  const requestOf = (method: string, headers: Record<string, string>, body?: object): string => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const all = { ...headers, host: "localhost", "content-length": String(text.length) };
    return [`${method} /mcp HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`), "", text].join("\r\n");
  };

  test("what is in flight is answered, what is new is refused, streams that wait end", async () => {
    await using http = await httpFixture();
    const token = await http.token();
    const session = await begin(http, token);
    const standing = await fetch(http.url, { headers: { ...ACCEPT, authorization: `Bearer ${token}`, ...session } });
    const call = post(http, token, callOf(1, "show_failure", { how: "gated" }), session);
    await expect.poll(() => metric(http, "http_active_requests")).toBe(1);
    const ending = http.end();
    expect(await standing.text()).not.toContain("data:");
    http.deps.done.push("gate open");
    expect(await (await call).text()).toContain("went through");
    await ending;
    await expect(fetch(http.url)).rejects.toThrow();
  });

  test("what comes in meanwhile, behind a call on its own connection, is refused", async () => {
    await using http = await httpFixture();
    const token = await http.token();
    const session = await begin(http, token);
    const headers = { ...ACCEPT, ...session, authorization: `Bearer ${token}` };
    const one = await http.socket();
    const got = textUntilClosed(one);
    one.write(requestOf("POST", headers, callOf(1, "show_failure", { how: "gated" })));
    await expect.poll(() => metric(http, "http_active_requests")).toBe(1);
    const ending = http.end();
    one.write(requestOf("POST", headers, callOf(2, "start_thing", { name: "late" })));
    // It is answered behind the first, so nothing tells that it has come but turns of the loop.
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    http.deps.done.push("gate open");
    await ending;
    expect(await got).toMatch(/^HTTP\/1\.1 200[^]*went through[^]*HTTP\/1\.1 503/);
    expect(http.deps.done).not.toContain("start late");
  });

  test("connections end without a reset, also for who sends once more meanwhile", async () => {
    await using http = await httpFixture();
    const token = await http.token();
    const call = postModern(http, token, "tools/call", { name: "show_failure", arguments: { how: "gated" } });
    const idle = connect({ host: "127.0.0.1", port: http.port, allowHalfOpen: true });
    const failed: Error[] = [];
    idle.on("error", (error) => failed.push(error));
    idle.write("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await once(idle, "data");
    await expect.poll(() => metric(http, "http_active_requests"), PATIENT).toBe(1);
    const ending = http.end();
    await once(idle, "end");
    // A reset by the first half would have the second fail.
    idle.write("GET /healthz HTTP/1.1\r\n");
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    idle.end("host: localhost\r\n\r\n");
    await once(idle, "close");
    expect(failed).toEqual([]);
    http.deps.done.push("gate open");
    const answer = await call;
    expect(answer.headers.get("connection")).toBe("close");
    expect(await answer.text()).toContain("went through");
    await ending;
  });

  test("a stream that was answered to its end before is no reason to keep its connection", async () => {
    await using http = await httpFixture();
    const token = await http.token();
    const session = await begin(http, token);
    const stream = await http.socket();
    const got = textUntilClosed(stream);
    stream.write(requestOf("GET", { ...ACCEPT, ...session, authorization: `Bearer ${token}` }));
    await once(stream, "data");
    const call = post(http, token, callOf(1, "show_failure", { how: "gated" }), session);
    await expect.poll(() => metric(http, "http_active_requests"), PATIENT).toBe(1);
    const ending = http.end();
    expect(await got).toMatch(/^HTTP\/1\.1 200[^]*\r\n0\r\n\r\n$/);
    http.deps.done.push("gate open");
    expect(await (await call).text()).toContain("went through");
    await ending;
  });

  test("what does not end in its time is cancelled, and recorded", async () => {
    const recorded: object[] = [];
    const audit = {
      async append(entry: object) {
        for (let turn = 0; turn < 50; turn++) await nextTurn();
        recorded.push(entry);
      },
      read: async () => [],
    };
    await using http = await httpFixture({ limits: { drain_seconds: 0.05 }, definition: { audit } });
    const token = await http.token();
    const session = await begin(http, token);
    const call = post(http, token, callOf(1, "show_failure", { how: "never" }), session).then((answer) => answer.text());
    await expect.poll(() => metric(http, "http_active_requests")).toBe(1);
    await http.end();
    expect(recorded).toMatchObject([{ what: "show_failure", outcome: "cancelled" }]);
    await call.catch(() => undefined);
  });
});
