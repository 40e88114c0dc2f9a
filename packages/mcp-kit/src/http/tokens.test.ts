import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { httpFixture, type HttpFixture } from "../fixture/http.ts";

// Who may call, and what each token lets its holder do.

let http: HttpFixture;
beforeEach(async () => void (http = await httpFixture()));
afterEach(() => http[Symbol.asyncDispose]());

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } },
};
const LIST = { jsonrpc: "2.0", id: 1, method: "tools/list", params: {} };
const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } },
};
const MODERN = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "delete_thing" };

const post = (token: string | undefined, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(http.url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });

async function begin(token: string): Promise<string> {
  const answer = await post(token, INITIALIZE);
  expect(answer.status).toBe(200);
  await answer.text();
  return answer.headers.get("mcp-session-id")!;
}

async function agent(token: string, mode: "legacy" | { pin: string } = { pin: "2026-07-28" }): Promise<Client> {
  const client = new Client({ name: "t", version: "1" }, { versionNegotiation: { mode } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(http.url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  );
  return client;
}

describe("without a token that is taken nothing is answered", () => {
  test.each([
    ["none", async () => undefined, 'Bearer realm="platform-ops"'],
    ["a made up one", async () => `pot_0123456789_${"A".repeat(43)}`, /error="invalid_token"/],
    ["no token at all", async () => "hello", /invalid_token/],
    ["the right id with another secret", async () => (await http.token()).replace(/.{43}$/, "B".repeat(43)), /invalid_token/],
    ["one of another server", async () => await http.token({ server: "another" }), /invalid_token/],
    ["an expired one", async () => await http.token({ expires_at: new Date(Date.now() - 1000).toISOString() }), /expired/],
  ])("%s", async (_, make, challenge) => {
    const token = await make();
    const answer = await post(token, INITIALIZE);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(challenge);
    expect(await answer.json()).toMatchObject({ jsonrpc: "2.0", error: { message: expect.stringContaining("token create") } });
    for (const method of ["GET", "DELETE"])
      expect((await fetch(http.url, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } })).status).toBe(
        401,
      );
  });

  test("one in the address is not looked at, nor logged", async () => {
    const token = await http.token();
    const answer = await fetch(`${http.url}?access_token=${token}`, { method: "POST", body: JSON.stringify(INITIALIZE) });
    expect(answer.status).toBe(401);
    expect(JSON.stringify(http.logs)).not.toContain(token.slice(15));
  });
});

test("who tries on and on is told to wait, and nobody else", async () => {
  const good = await http.token();
  const answers = await Promise.all(Array.from({ length: 40 }, () => post("hello", INITIALIZE)));
  expect(answers.map(({ status }) => status)).toEqual(expect.arrayContaining([401, 429]));
  expect(answers.find(({ status }) => status === 429)!.headers.get("retry-after")).toMatch(/^\d+$/);
  expect((await post(good, INITIALIZE)).status).toBe(200);
});

test("no token is in logs or in the audit, whatever came of it", async () => {
  const [good, expired] = [await http.token(), await http.token({ expires_at: new Date(0).toISOString() })];
  await post(good, INITIALIZE);
  await post(expired, INITIALIZE);
  await post(
    good,
    { ...LIST, method: "tools/call", params: { name: "start_thing", arguments: { name: "x" }, _meta: META } },
    { ...MODERN, "mcp-name": "start_thing" },
  );
  await expect.poll(() => JSON.stringify(http.audit)).toContain('"expired"');
  for (const token of [good, expired]) expect(JSON.stringify([http.logs, http.audit])).not.toContain(token.slice(15));
});

describe("a revoked token", () => {
  test("ends its session with the next request", async () => {
    const token = await http.token();
    const session = await begin(token);
    expect((await post(token, LIST, { "mcp-session-id": session })).status).toBe(200);
    await http.tokens.revoke(token.slice(4, 14), "tty:ann");
    const answer = await post(token, LIST, { "mcp-session-id": session });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, expect.stringContaining("revoked")]);
    expect((await post(await http.token(), LIST, { "mcp-session-id": session })).status).toBe(404);
  });

  test("is taken no more in the 2026 era either", async () => {
    const token = await http.token();
    const client = await agent(token);
    expect((await client.listTools()).tools).toHaveLength(http.definition.tools.length);
    await http.tokens.revoke(token.slice(4, 14), "tty:ann");
    await expect(client.callTool({ name: "list_things", arguments: {} })).rejects.toThrow();
    await client.close();
  });
});

test("a session is of one token: another's is not found", async () => {
  const session = await begin(await http.token());
  const other = await http.token({ principal: "eve" });
  for (const method of ["GET", "DELETE"]) {
    const headers = { authorization: `Bearer ${other}`, accept: "text/event-stream", "mcp-session-id": session };
    expect((await fetch(http.url, { method, headers })).status).toBe(404);
  }
  expect((await post(other, LIST, { "mcp-session-id": session })).status).toBe(404);
});

describe.each(["legacy", { pin: "2026-07-28" }] as const)("a narrowed token (%o)", (mode) => {
  test("for reading lists and runs only what reads", async () => {
    const client = await agent(await http.token({ read_only: true }), mode);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["list_things", "show_failure"]);
    const refused = await client.callTool({ name: "start_thing", arguments: { name: "no" } });
    expect(refused).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "read_only", message: expect.stringContaining("this token is read-only") } },
    });
    expect(http.deps.done).not.toContain("start no");
    await client.close();
  });

  test("for a toolset lists and runs only that", async () => {
    const client = await agent(await http.token({ toolsets: ["danger"] }), mode);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["delete_thing"]);
    const refused = await client.callTool({ name: "list_things", arguments: {} });
    expect(refused).toMatchObject({
      isError: true,
      structuredContent: { error: { code: "not_allowed", message: expect.stringContaining("to this token") } },
    });
    await client.close();
  });
});

test("a token of few toolsets gets no resources and no prompts, which belong to none", async () => {
  const resource = {
    uri: "thing://all",
    name: "all",
    title: "All",
    description: "All things.",
    mimeType: "text/plain",
    read: async () => "a, b",
  };
  await using rich = await httpFixture({ definition: { resources: [resource], prompts: async () => [] } });
  const capabilities = async (token: string): Promise<string[]> => {
    const client = new Client({ name: "t", version: "1" }, { versionNegotiation: { mode: "legacy" } });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(rich.url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    );
    const found = Object.keys(client.getServerCapabilities() ?? {});
    await client.close();
    return found.sort();
  };
  expect(await capabilities(await rich.token())).toEqual(["prompts", "resources", "tools"]);
  expect(await capabilities(await rich.token({ read_only: true }))).toEqual(["prompts", "resources", "tools"]);
  expect(await capabilities(await rich.token({ toolsets: ["things"] }))).toEqual(["tools"]);
});

test("a token never widens what the server offers", async () => {
  await using narrow = await httpFixture({ definition: { toolsets: ["danger"], readOnly: true } });
  const token = await narrow.token({ toolsets: ["things", "danger"] });
  const client = new Client({ name: "t", version: "1" }, { versionNegotiation: { mode: "legacy" } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(narrow.url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
  );
  expect((await client.listTools()).tools).toEqual([]);
  await client.close();
});

describe("an answer to a question (2026 era)", () => {
  const ask = async (token: string, more: object = {}): Promise<any> => {
    const params = { name: "delete_thing", arguments: { name: "db" }, _meta: META, ...more };
    const answer = await post(token, { ...LIST, method: "tools/call", params }, MODERN);
    return ((await answer.json()) as { result: object }).result;
  };
  const answer = (state: string): object => ({
    requestState: state,
    inputResponses: { decision: { action: "accept", content: { confirm: true } } },
  });

  test("counts once, for the principal that was asked, by the server that asked", async () => {
    const [ann, eve] = [await http.token(), await http.token({ principal: "eve" })];
    const asked = await ask(ann);
    expect(asked.resultType).toBe("input_required");
    for (const [who, state] of [
      [eve, asked.requestState],
      [ann, `${asked.requestState}x`],
    ]) {
      const refused = await ask(who, answer(state));
      expect(refused.structuredContent, who === eve ? "crossed" : "altered").toMatchObject({ status: "refused" });
    }
    expect((await ask(ann, answer(asked.requestState))).structuredContent).toEqual({ status: "deleted", name: "db" });
    expect((await ask(ann, answer(asked.requestState))).structuredContent).toMatchObject({
      status: "refused",
      why: expect.stringContaining("before"),
    });
    expect(http.deps.done.filter((line) => line === "delete db")).toHaveLength(1);
  });

  test("of twenty that race one wins", async () => {
    const token = await http.token({ principal: "race" });
    const { requestState } = await ask(token, { arguments: { name: "raced" } });
    const all = await Promise.all(Array.from({ length: 20 }, () => ask(token, { arguments: { name: "raced" }, ...answer(requestState) })));
    expect(all.filter(({ structuredContent }) => structuredContent.status === "deleted")).toHaveLength(1);
    expect(http.deps.done.filter((line) => line === "delete raced")).toHaveLength(1);
  });
});
