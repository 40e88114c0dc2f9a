import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpFixture, textUntilClosed, type HttpFixture } from "../fixture/http.ts";

// Bytes that no client of good will sends, on bare sockets.

let http: HttpFixture;
let token: string;
beforeAll(async () => {
  http = await httpFixture({
    limits: { body_seconds: 1, body_bytes: 100_000, requests_per_second: 100_000, burst: 100_000 },
    settings: { allowed_origins: ["https://ops.example.com"] },
  });
  token = await http.token();
});
afterAll(() => http[Symbol.asyncDispose]());

const CALL = (id: number | string, name = "list_things", args: object = {}): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id,
    method: "tools/call",
    params: {
      name,
      arguments: args,
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  });
const headOf = (more: Record<string, string> = {}, line = "POST /mcp HTTP/1.1"): string =>
  [
    line,
    ...Object.entries({
      host: `127.0.0.1:${http.port}`,
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": "list_things",
      connection: "close",
      ...more,
    }).flatMap(([name, value]) => (value === "" ? [] : [`${name}: ${value}`])),
    "",
    "",
  ].join("\r\n");
const withBody = (body: string, more: Record<string, string> = {}): string =>
  headOf({ "content-length": String(Buffer.byteLength(body)), ...more }) + body;
const statusOf = (got: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(got)?.[1] ?? 0);
const bodyOf = (got: string): any => JSON.parse(got.slice(got.indexOf("\r\n\r\n") + 4));
/** What a healthy server answers. */
const isWell = async (): Promise<void> => expect(statusOf(await http.raw(withBody(CALL(1))))).toBe(200);

describe("names and pages (DNS rebinding)", () => {
  test.each([
    ["a name of somebody else", { host: "evil.example.com" }],
    ["our address in another's name", { host: "127.0.0.1.evil.example.com" }],
    ["with userinfo", { host: "127.0.0.1@evil.example.com" }],
    ["two hosts", { host: "127.0.0.1\r\nHost: evil.example.com" }],
    ["a page", { origin: "https://evil.example.com" }],
    ["a page on another port of this machine", { origin: "http://localhost:1" }],
    ["a page without an origin to show", { origin: "null" }],
    ["an allowed origin's neighbour", { origin: "https://ops.example.com.evil.example.com" }],
  ])("%s: 403, and nothing runs", async (_, headers) => {
    const before = http.audit.length;
    const got = await http.raw(withBody(CALL(1), headers as unknown as Record<string, string>));
    expect([400, 403]).toContain(statusOf(got));
    expect(got).not.toMatch(/access-control-allow-origin/i);
    expect(http.audit).toHaveLength(before);
  });

  test.each([["localhost"], ["127.0.0.1"], ["[::1]"], ["LOCALHOST:99"]])("%s is a name of ours", async (host) => {
    expect(statusOf(await http.raw(withBody(CALL(1), { host })))).toBe(200);
  });

  test("no Host at all is refused", async () => {
    expect(statusOf(await http.raw(withBody(CALL(1), { host: "" })))).toBe(400);
  });

  test("an allowed page may call, and is told so; others are not even told what is there", async () => {
    const origin = "https://ops.example.com";
    const asked = await http.raw(headOf({ origin, "access-control-request-method": "POST", authorization: "" }, "OPTIONS /mcp HTTP/1.1"));
    expect(statusOf(asked)).toBe(204);
    expect(asked).toMatch(/access-control-allow-origin: https:\/\/ops\.example\.com\r\n/i);
    expect(asked).not.toMatch(/allow-credentials/i);
    expect(await http.raw(withBody(CALL(1), { origin }))).toMatch(
      /^HTTP\/1\.1 200 [^]*access-control-allow-origin: https:\/\/ops\.example\.com/i,
    );
    expect(statusOf(await http.raw(headOf({ origin: "https://evil.example.com" }, "OPTIONS /mcp HTTP/1.1")))).toBe(403);
    expect(statusOf(await http.raw(headOf({}, "OPTIONS /mcp HTTP/1.1")))).toBe(403);
  });
});

describe("bodies", () => {
  test.each([
    ["too large by its head", () => headOf({ "content-length": "100001" }), 413],
    [
      "too large in pieces",
      () => `${headOf({ "transfer-encoding": "chunked" })}${`2710\r\n${"x".repeat(10_000)}\r\n`.repeat(11)}0\r\n\r\n`,
      413,
    ],
    ["that never come", () => headOf({ "content-length": "10" }), 408],
    ["no JSON", () => withBody("{nope hunter2"), 400],
    ["empty", () => withBody(""), 400],
    ["of another type", () => withBody(CALL(1), { "content-type": "text/plain" }), 415],
    ["compressed", () => withBody(CALL(1), { "content-encoding": "gzip" }), 415],
    ["nested deep", () => withBody(`${"[".repeat(40_000)}${"]".repeat(40_000)}`), 400],
    ["nested deep in objects", () => withBody(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`), 400],
    ["a number", () => withBody("1"), 400],
    ["null", () => withBody("null"), 400],
    ["both kinds of length", () => headOf({ "content-length": "5", "transfer-encoding": "chunked" }) + "0\r\n\r\n", 400],
    ["a chunk of no length", () => `${headOf({ "transfer-encoding": "chunked" })}zz\r\nx\r\n`, 400],
    ["a large head", () => withBody(CALL(1), { "x-large": "x".repeat(20_000) }), 431],
  ])("%s", async (_, make, status) => {
    const got = await http.raw(make());
    expect(statusOf(got)).toBe(status);
    expect(got).not.toContain("hunter2");
    await isWell();
  });

  test.each(["_meta", "inputResponses", "x"])("a message whose %s is nested deep is refused before anybody looks at it", async (where) => {
    const deep = JSON.parse(`${'{"a":'.repeat(70)}1${"}".repeat(70)}`);
    const got = await http.raw(withBody(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { [where]: deep } })));
    expect([statusOf(got), bodyOf(got).error]).toMatchObject([400, { code: -32600, message: expect.stringContaining("nested deeper") }]);
  });

  test("arguments nested deeper than a call may have are refused in words", async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(45)}1${"}".repeat(45)}`);
    expect(bodyOf(await http.raw(withBody(CALL(1, "list_things", deep)))).result).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("40 levels") }],
    });
  });

  test("one byte at a time", async () => {
    const one = await http.socket();
    const got = textUntilClosed(one);
    for (const byte of withBody(CALL("slow"))) one.write(byte);
    expect(statusOf(await got)).toBe(200);
  });
});

describe("requests that are none", () => {
  test.each([
    ["another path", "POST /sse HTTP/1.1", 404],
    ["a path that climbs", "POST /mcp/../metrics HTTP/1.1", 404],
    ["a whole address", "POST http://evil.example.com/mcp HTTP/1.1", 404],
    ["another method", "PUT /mcp HTTP/1.1", 405],
    ["a session without one", "GET /mcp HTTP/1.1", 405],
    ["the end of none", "DELETE /mcp HTTP/1.1", 405],
    ["an invented method", "BREW /mcp HTTP/1.1", 400],
    ["another protocol", "POST /mcp HTTP/9.9", 400],
  ])("%s", async (_, line, status) => expect(statusOf(await http.raw(headOf({ "content-length": "0" }, line)))).toBe(status));

  test("garbage ends its connection and nothing else", async () => {
    for (const text of ["\0\x01\x02", "\x16\x03\x01\x02\x00\x01", "GET", "{}\n{}\n", "A".repeat(70_000)])
      expect([400, 431]).toContain(statusOf(await http.raw(`${text}\r\n\r\n`)));
    await isWell();
  });

  test("an id twice at once in a session is refused, and hangs nobody", async () => {
    const legacy = { "mcp-protocol-version": "2025-11-25", "mcp-method": "", "mcp-name": "" };
    const begun = await http.raw(
      withBody(
        JSON.stringify({
          jsonrpc: "2.0",
          id: 0,
          method: "initialize",
          params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
        }),
        legacy,
      ),
    );
    const session = { ...legacy, "mcp-session-id": /mcp-session-id: (\S+)/i.exec(begun)![1]! };
    const call = (id: number, how: string): string =>
      withBody(
        JSON.stringify({
          jsonrpc: "2.0",
          id,
          method: "tools/call",
          params: { name: "show_failure", arguments: { how }, _meta: { progressToken: 1 } },
        }),
        session,
      );
    const first = http.raw(call(7, "never"));
    await expect
      .poll(async () => (await (await fetch(new URL("/metrics", http.url))).text()).match(/http_active_requests (\d+)/)?.[1])
      .toBe("1");
    expect(statusOf(await http.raw(call(7, "foreseen")))).toBe(400);
    expect(statusOf(await http.raw(withBody(`[${'{"jsonrpc":"2.0","id":9,"method":"ping"},'.repeat(2).slice(0, -1)}]`, session)))).toBe(
      400,
    );
    // Cancelled by another message: its stream ends, since no answer will ever come.
    expect(
      statusOf(
        await http.raw(withBody(JSON.stringify({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 7 } }), session)),
      ),
    ).toBe(202);
    expect(await first).not.toContain('"id":7');
    expect(statusOf(await http.raw(call(7, "foreseen")))).toBe(200);
  });
});

describe("clients that leave", () => {
  test("a call of the 2026 era ends with its connection", async () => {
    const before = http.audit.length;
    const one = await http.socket();
    one.write(withBody(CALL(1, "show_failure", { how: "never" }), { "mcp-name": "show_failure" }));
    await expect
      .poll(async () => (await (await fetch(new URL("/metrics", http.url))).text()).match(/http_active_requests (\d+)/)?.[1])
      .toBe("1");
    one.destroy();
    await expect.poll(() => http.audit.slice(before)).toMatchObject([{ outcome: "cancelled" }]);
  });

  test("in the middle of a head, of a body, of a stream: nothing stays behind", async () => {
    const whole = withBody(CALL(1));
    for (let at = 0; at < whole.length; at += 40) {
      const one = await http.socket();
      one.write(whole.slice(0, at));
      one.destroy();
    }
    await isWell();
    const gauge = async (): Promise<string | undefined> =>
      /http_active_requests (\d+)/.exec(await (await fetch(new URL("/metrics", http.url))).text())?.[1];
    await expect.poll(gauge).toBe("0");
  });
});
