import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { httpFixture, type HttpFixture } from "../fixture/http.ts";

// The HTTP face through real clients of both SDK lines and in both eras.

type Answer = { action: "accept" | "decline" | "cancel"; content?: Record<string, unknown> };
const MAKES = ["sdk-2-modern", "sdk-2-legacy", "sdk-1"] as const;

async function client(
  make: (typeof MAKES)[number],
  url: string,
  token: string,
  answer?: (form: any) => Answer | Promise<Answer>,
): Promise<Client1 | Client2> {
  const capabilities = answer ? { elicitation: { form: {} } } : {};
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  if (make === "sdk-1") {
    const one = new Client1({ name: make, version: "1" }, { capabilities });
    if (answer) one.setRequestHandler(ElicitRequestSchema, async ({ params }) => (await answer(params)) as never);
    await one.connect(new Transport1(new URL(url), { requestInit }) as never);
    return one;
  }
  const mode = make === "sdk-2-modern" ? { pin: "2026-07-28" } : ("legacy" as const);
  const two = new Client2({ name: make, version: "1" }, { capabilities, versionNegotiation: { mode } });
  if (answer) two.setRequestHandler("elicitation/create", async ({ params }) => (await answer(params)) as never);
  await two.connect(new Transport2(new URL(url), { requestInit }));
  return two;
}

function call(one: Client1 | Client2, name: string, args: object, options: object = {}): Promise<any> {
  const params = { name, arguments: args } as never;
  return one instanceof Client1 ? one.callTool(params, undefined, options as never) : one.callTool(params, options as never);
}

let http: HttpFixture;
beforeAll(async () => void (http = await httpFixture()));
afterAll(() => http[Symbol.asyncDispose]());

describe.each(MAKES)("%s", (make) => {
  test("lists the tools in order, calls one, and is refused what it misspells", async () => {
    const one = await client(make, http.url, await http.token());
    expect((await one.listTools()).tools.map(({ name }) => name)).toEqual(http.definition.tools.map(({ name }) => name));
    expect(one.getInstructions()).toBe(http.definition.instructions);
    expect(await call(one, "list_things", { kind: "large" })).toMatchObject({
      content: [{ type: "text", text: "2 things (large): a, b" }],
      structuredContent: { names: ["a", "b"] },
    });
    const refused = await call(one, "list_things", { knd: "large" });
    expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/knd[^]*kind/) }] });
    const hostile = await call(one, "list_things", JSON.parse('{"__proto__":{"x":1}}'));
    expect(hostile.content[0].text).toContain("__proto__");
    await expect(call(one, "no_such_tool", {})).rejects.toMatchObject({ code: -32602 });
    await one.close();
  });

  test("asks a person, and believes the answer once", async () => {
    const asked: string[] = [];
    const one = await client(make, http.url, await http.token({ principal: "eve" }), ({ message }) => {
      asked.push(message);
      return { action: "accept", content: { confirm: true } };
    });
    const done = await call(one, "delete_thing", { name: make });
    expect(done.structuredContent).toEqual({ status: "deleted", name: make });
    expect(asked).toEqual([`Delete ${make}?`]);
    expect(http.deps.done.filter((line) => line === `delete ${make}`)).toHaveLength(1);
    expect(http.audit.at(-1)).toMatchObject({ actor: `agent:${make}@eve`, what: "delete_thing", outcome: "done" });
    await one.close();
  });

  test("a declined form decides nothing", async () => {
    const one = await client(make, http.url, await http.token(), () => ({ action: "decline" }));
    const done = await call(one, "delete_thing", { name: `${make}-not` });
    expect(done.structuredContent).toMatchObject({ status: "declined" });
    expect(http.deps.done).not.toContain(`delete ${make}-not`);
    await one.close();
  });

  test("a client without forms is told of the other way", async () => {
    const one = await client(make, http.url, await http.token());
    expect((await call(one, "delete_thing", { name: "x" })).structuredContent).toEqual({ status: "awaiting_approval" });
    await one.close();
  });

  test("is told of progress; a cancelled call ends", async () => {
    const one = await client(make, http.url, await http.token());
    const cancel = new AbortController();
    const told: unknown[] = [];
    const before = http.audit.length;
    const waiting = call(
      one,
      "show_failure",
      { how: "never" },
      {
        signal: cancel.signal,
        onprogress: (progress: unknown) => {
          told.push(progress);
          cancel.abort();
        },
      },
    );
    await expect(waiting).rejects.toThrow();
    expect(told[0]).toMatchObject({ progress: 1, total: 3, message: "waiting" });
    await expect.poll(() => http.audit.slice(before)).toMatchObject([{ what: "show_failure", outcome: "cancelled" }]);
    // The same connection goes on.
    expect((await call(one, "list_things", {})).isError).toBeFalsy();
    await one.close();
  });

  test("has many calls at once", async () => {
    const one = await client(make, http.url, await http.token());
    const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => call(one, "start_thing", { name: `${make}-${at}` })));
    expect(answers.map(({ structuredContent }) => structuredContent.name)).toEqual(answers.map((_, at) => `${make}-${at}`));
    await one.close();
  });
});

test("sessions end with their clients", async () => {
  const token = await http.token();
  const metric = async (): Promise<string | undefined> =>
    /http_sessions (\d+)/.exec(await (await fetch(new URL("/metrics", http.url))).text())?.[1];
  const before = Number(await metric());
  const one = (await client("sdk-2-legacy", http.url, token)) as Client2;
  expect(Number(await metric())).toBe(before + 1);
  await (one.transport as Transport2).terminateSession();
  expect(Number(await metric())).toBe(before);
  await one.close();
});
