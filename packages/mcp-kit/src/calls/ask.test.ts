import { describe, expect, test } from "vitest";
import { callTool } from "./call-tool.ts";
import { fixture } from "../fixture/definition.ts";
import { CLIENTS, connect } from "../testing.ts";
import { ASK_LIFETIME_MS, AskStates, digestArguments } from "./ask-state.ts";

const yes = { action: "accept" as const, content: { confirm: true } };

describe.each(CLIENTS)("asking a person through %s", (make) => {
  test("yes acts once, and the form shows what will happen", async () => {
    const { definition, deps, audit } = fixture();
    const shown: string[] = [];
    await using client = await connect(definition, { make, answer: async (form) => (shown.push(form.message), yes) });
    const answer = await client.call("delete_thing", { name: "a" });
    expect(answer.data).toMatchObject({ status: "deleted", name: "a" });
    expect(shown).toEqual(["Delete a?"]);
    expect(deps.done).toEqual(["delete a"]);
    expect(audit.map((entry) => entry.outcome)).toEqual(["asked", "done"]);
  });

  test.each([
    ["declined", { action: "decline" as const }],
    ["cancelled", { action: "cancel" as const }],
    ["accepted without the tick", { action: "accept" as const, content: { confirm: false } }],
  ])("%s does nothing", async (_, given) => {
    const { definition, deps } = fixture();
    await using client = await connect(definition, { make, answer: async () => given });
    expect((await client.call("delete_thing", { name: "a" })).data.status).toBe("declined");
    expect(deps.done).toEqual([]);
  });

  test("accepted with a content that does not fit the form is not a yes", async () => {
    const { definition, deps } = fixture();
    await using client = await connect(definition, { make, answer: async () => ({ action: "accept", content: { confirm: "true" } }) });
    // A client of SDK 1.x refuses to send it, or its server refuses to take it: then nobody answered.
    const answer = await client.call("delete_thing", { name: "a" });
    expect(["refused", "declined"]).toContain(answer.data.status);
    expect(deps.done).toEqual([]);
  });

  test("a client that fails to show the form has not answered", async () => {
    const { definition, deps } = fixture();
    await using client = await connect(definition, { make, answer: () => Promise.reject(new Error("no window")) });
    // In the 2026 era the client ends the call by itself; in the 2025 era the tool hears why nobody answered.
    const heard = await client.call("delete_thing", { name: "a" }).then(
      ({ data }) => `${data.status}: ${data.note}`,
      (error: Error) => `ended by the client: ${error.message}`,
    );
    expect(heard).toMatch(make === "sdk-2-modern" ? /^ended by the client/ : /^declined: no answer came within 50 s/);
    expect(deps.done).toEqual([]);
  });

  test("a client without forms is told of the other channel", async () => {
    const { definition, deps } = fixture();
    await using client = await connect(definition, { make });
    expect((await client.call("delete_thing", { name: "a" })).text).toContain("`approve` at a terminal");
    expect(deps.done).toEqual([]);
  });

  test("a plan that changes while the person thinks is not what was answered", async () => {
    const { definition, deps, audit } = fixture();
    await using client = await connect(definition, { make, answer: async () => ((deps.binding = "plan-2"), yes) });
    expect((await client.call("delete_thing", { name: "a" })).data).toMatchObject({
      status: "refused",
      why: expect.stringContaining("changed"),
    });
    expect(deps.done).toEqual([]);
    expect(audit.some((entry) => entry.kind === "approval_refused")).toBe(true);
  });
});

describe("what a client may forge", () => {
  const options = { client: { name: "c", version: "1" }, canAsk: true };

  async function asked(name = "a") {
    const made = fixture();
    const { ask } = await callTool(made.definition, "delete_thing", { name }, options);
    return { ...made, state: ask!.state };
  }

  test("an honest answer is believed once", async () => {
    const { definition, deps, state } = await asked();
    const first = await callTool(definition, "delete_thing", { name: "a" }, { ...options, answer: { state, ...yes } });
    const second = await callTool(definition, "delete_thing", { name: "a" }, { ...options, answer: { state, ...yes } });
    expect(first.result.data.status).toBe("deleted");
    expect(second.result.data).toMatchObject({ status: "refused", why: expect.stringContaining("answered before") });
    expect(deps.done).toEqual(["delete a"]);
  });

  test("of twenty answers that race, one acts", async () => {
    const { definition, deps, state } = await asked();
    await Promise.all(
      Array.from({ length: 20 }, () => callTool(definition, "delete_thing", { name: "a" }, { ...options, answer: { state, ...yes } })),
    );
    expect(deps.done).toEqual(["delete a"]);
  });

  test.each<[string, (state: string) => { args?: object; state?: unknown; options?: object }]>([
    ["no state", () => ({ state: undefined })],
    ["a state that is no string", () => ({ state: { tool: "delete_thing" } })],
    [
      "a state of another server",
      () => ({ state: new AskStates(Buffer.alloc(32)).mint({ tool: "delete_thing", argumentsDigest: "", actor: "" }, "plan-1:a") }),
    ],
    [
      "a state whose body was altered",
      (state) => ({
        state: `${Buffer.from(Buffer.from(state.split(".")[0]!, "base64url").toString().replace("plan-1", "plan-9")).toString("base64url")}.${state.split(".")[1]}`,
      }),
    ],
    ["a state without its mark", (state) => ({ state: state.split(".")[0] })],
    ["other arguments", () => ({ args: { name: "b" } })],
    ["another client", () => ({ options: { client: { name: "other", version: "1" } } })],
    ["a client that now shows no forms", () => ({ options: { canAsk: false } })],
  ])("%s is refused, recorded, and does nothing", async (_, forge) => {
    const { definition, deps, audit, state } = await asked();
    const forged = { state, args: { name: "a" }, options: {}, ...forge(state) };
    const { result } = await callTool(definition, "delete_thing", forged.args, {
      ...options,
      ...forged.options,
      answer: { state: forged.state, ...yes },
    });
    expect(result.data.status).toBe("refused");
    expect(deps.done).toEqual([]);
    expect(audit.filter((entry) => entry.kind === "approval_refused")).toHaveLength(1);
  });

  test("an action that is none is refused", async () => {
    const { definition, deps, state } = await asked();
    const { result } = await callTool(
      definition,
      "delete_thing",
      { name: "a" },
      { ...options, answer: { state, action: "approve", content: { confirm: true } } },
    );
    expect(result.data.status).toBe("refused");
    expect(deps.done).toEqual([]);
  });

  test("a state expires, and one of another tool is spent by the attempt", () => {
    let now = 1000;
    const states = new AskStates(Buffer.alloc(32, 1), () => now);
    const subject = { tool: "delete_thing", argumentsDigest: "d", actor: "a" };
    const late = states.mint(subject, "b");
    const crossed = states.mint(subject, "b");
    expect(states.present(crossed, { ...subject, tool: "start_thing" })).toMatchObject({
      ok: false,
      why: expect.stringContaining("another tool"),
    });
    expect(states.present(crossed, subject)).toMatchObject({ ok: false });
    now += ASK_LIFETIME_MS + 1;
    expect(states.present(late, subject)).toMatchObject({ ok: false, why: expect.stringContaining("expired") });
  });

  test("a state belongs to the arguments of its call, whatever the order of their keys", () => {
    const states = new AskStates(Buffer.alloc(32, 1));
    const subject = (args: unknown) => ({ tool: "t", argumentsDigest: digestArguments(args), actor: "a" });
    expect(states.present(states.mint(subject({ a: 1, b: [2] }), "x"), subject({ b: [2], a: 1 }))).toEqual({ ok: true, binding: "x" });
    expect(states.present(states.mint(subject({ a: 1, b: [2] }), "x"), subject({ a: 1, b: [3] }))).toMatchObject({
      ok: false,
      why: expect.stringContaining("arguments differ"),
    });
    expect(digestArguments([["a", 1]])).not.toBe(digestArguments({ a: 1 }));
  });

  test("a tool argument decides nothing", async () => {
    const { definition, deps } = fixture();
    const { result } = await callTool(definition, "delete_thing", { name: "a", confirm: true }, options);
    expect((result.data as any).error.code).toBe("invalid_input");
    expect(deps.done).toEqual([]);
  });
});
