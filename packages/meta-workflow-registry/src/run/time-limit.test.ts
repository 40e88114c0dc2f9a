import { describe, expect, it } from "vitest";
import { closureFrom, play } from "../scenario/played.test-support.ts";
import { MockWorld, Simulator } from "../scenario/index.ts";

const MINUTE = 60_000;
const simulated = (body: string, others: Record<string, string> = {}): Simulator =>
  new Simulator({ closure: closureFrom(body, others), inputs: {}, world: new MockWorld({ calls: [], approvals: {} }), started_at: 0 });

/** Steps that wait for an agent who never comes, under a limit of an hour. */
const COMPOSITES: Readonly<Record<string, string>> = {
  parallel: "branches: { one: [{ id: ask, type: prompt, instructions: do it }] }",
  foreach: 'items: "[1, 2]", steps: [{ id: ask, type: prompt, instructions: do it }]',
  "foreach, of a task": 'items: "[1, 2]", task: part',
  "foreach, of sub-agents": 'items: "[1, 2]", task: told, on_item_error: collect',
  loop: 'while: "true", max: 3, steps: [{ id: ask, type: prompt, instructions: do it }]',
  condition: 'if: "true", then: [{ id: ask, type: prompt, instructions: do it }]',
  switch: "cases: [], else: []",
  workflow: "workflow: other",
  prompt: "instructions: do it",
  "wait, for an event": "event: never",
};
const bodyOf = (name: string, more: string): string => {
  const own =
    name === "switch" ? 'cases: [{ when: "true", steps: [{ id: ask, type: prompt, instructions: do it }] }], else: []' : COMPOSITES[name];
  return `
tasks:
  part: { steps: [{ id: ask, type: prompt, instructions: do it }] }
  told: { instructions: do it }
steps:
  - { id: limited, type: ${name.replace(/,.*$/u, "")}, timeout: 1h, ${own}${more} }
`;
};
const OTHERS = { other: "steps: [{ id: ask, type: prompt, instructions: do it }]" };

describe("the timeout of a step that is no call", () => {
  it.each(Object.keys(COMPOSITES))("%s: what is open in it is withdrawn, and it has failed", async (name) => {
    for (const isCut of [false, true]) {
      const sim = simulated(bodyOf(name, ""), OTHERS);
      await sim.flush();
      if (isCut) await sim.cut();
      const open = sim.book.open_actions().length;
      expect(open).toBe(name === "wait, for an event" ? 0 : name.startsWith("foreach") ? 2 : 1);
      while (sim.end === undefined && (await sim.advance(2 * 60 * MINUTE)));
      expect(sim.end).toEqual({
        status: "failed",
        error: {
          code: "timed_out",
          path: "limited",
          message: "limited took longer than its timeout of 1h: what was open in it is withdrawn.",
        },
      });
      expect(sim.clock.now()).toBe(60 * MINUTE);
      expect(sim.book.open_actions()).toEqual([]);
      expect(Object.keys(sim.book.state.actions)).toEqual([]);
    }
  });

  it.each(Object.keys(COMPOSITES))("%s: its on_error runs, not limited by it, and sees the class", async (name) => {
    const handler = ', on_error: [{ id: pause, type: wait, for: 3h }, { id: told, type: return, value: "${{ error.code }}" }]';
    const sim = simulated(bodyOf(name, handler), OTHERS);
    await sim.flush();
    while (sim.end === undefined && (await sim.advance()));
    expect(sim.end).toEqual({ status: "completed", output: "timed_out" });
    expect(sim.clock.now()).toBe(4 * 60 * MINUTE);
  });

  it("undoes what was done where the definition says so, and runs finally of what it ended and of the run", async () => {
    const closure = closureFrom(
      `
steps:
  - { id: make, type: mcp_call, capability: make, args: {}, effects: write, compensate: { capability: unmake, args: {} } }
  - { id: limited, type: workflow, workflow: other, timeout: 10m, on_error: compensate }
finally: [{ id: last, type: mcp_call, capability: last, args: {}, effects: write }]
`,
      {
        other:
          "steps: [{ id: rest, type: wait, for: 1d }]\nfinally: [{ id: inner, type: mcp_call, capability: inner, args: {}, effects: write }]",
      },
    );
    const { end, calls } = await play(
      closure,
      "calls: [{ capability: make }, { capability: unmake }, { capability: inner }, { capability: last }]\nexpect: { end: compensated }",
    );
    expect(calls.map(({ call }) => (call.kind === "tool" ? call.capability : ""))).toEqual(["make", "inner", "unmake", "last"]);
    expect(end).toMatchObject({ status: "compensated", error: { code: "timed_out", path: "limited" } });
  });

  it("ends a step in time where the limit is not reached, and leaves no timer", async () => {
    const sim = simulated(bodyOf("parallel", ""));
    await sim.flush();
    await sim.desk.submit({ outcome: "completed", result: "done" });
    await sim.flush();
    expect(sim.end?.status).toBe("completed");
    expect(sim.clock.next()).toBeUndefined();
  });

  it("is counted from when the step began, also where the run was carried on after it was over", async () => {
    const sim = simulated(bodyOf("parallel", ""));
    await sim.flush();
    await sim.advance(30 * MINUTE);
    await sim.cut();
    while (sim.end === undefined && (await sim.advance()));
    expect(sim.clock.now()).toBe(60 * MINUTE);
  });

  it("tells an agent whose work comes after it that it came late, and keeps what it said", async () => {
    const sim = simulated(bodyOf("parallel", ", on_error: [{ id: instead, type: prompt, instructions: do something else }]"));
    await sim.flush();
    const [mine] = sim.book.present({ id: "ann" }, sim.clock.now()).actions;
    sim.desk.pump();
    while (sim.book.get("limited/on_error/instead#1") === undefined) await sim.advance();
    const late = {
      action_id: mine!.action_id,
      attempt_id: mine!.attempt.id,
      outcome: "completed",
      result: "done",
      note: "in /tmp/x",
    } as const;
    for (const agent of [{ id: "ann" }, { id: "ann" }]) {
      const answer = await sim.desk.submit({ ...late, agent });
      expect(answer).toMatchObject({
        status: "refused",
        refusal: {
          code: "STALE_ATTEMPT",
          message: "limited/one/ask#1 was withdrawn before this result came: its step is over.",
          details: { late_result: { attempt_id: mine!.attempt.id, note: "in /tmp/x" } },
        },
      });
    }
    expect(sim.book.state.withdrawn).toMatchObject([{ action_id: "limited/one/ask#1", late: { note: "in /tmp/x" } }]);
    expect(sim.end).toBeUndefined();
  });

  it("limits calls by the try, as before", async () => {
    const [step] = closureFrom("steps: [{ id: look, type: shell, argv: [ls], effects: read, timeout: 1h }]").definitions["main"]!.steps;
    expect(step).toMatchObject({ timeout: 60 * MINUTE });
    expect(step).not.toHaveProperty("time_limit");
  });

  it("withdraws what was open when the run was carried on, also where the time was over before; who answers then is told", async () => {
    const sim = simulated("steps: [{ id: sub, type: workflow, workflow: inner, timeout: 1h }]", {
      inner: "steps: [{ id: ask, type: prompt, instructions: do it }]\nfinally: [{ id: tidy, type: prompt, instructions: tidy }]",
    });
    await sim.flush();
    await sim.pause();
    while (await sim.advance(2 * 60 * MINUTE));
    const [mine] = sim.book.present({ id: "ann" }, sim.clock.now()).actions;
    await sim.resume();
    void sim.run.hold();
    await sim.cut();
    expect(sim.book.open_actions().map(({ action_id }) => action_id)).toEqual(["sub/finally/tidy#1"]);
    const late = await sim.desk.submit({ action_id: mine!.action_id, attempt_id: mine!.attempt.id, outcome: "completed", result: "done" });
    expect(late).toMatchObject({ status: "refused", refusal: { code: "STALE_ATTEMPT" } });
  });

  it("says of a call in doubt that nobody knows, also where the run was carried on when the time was over", async () => {
    const world = new MockWorld({ calls: [{ capability: "make", unknown: "it died" }] as never, approvals: {} });
    const closure = closureFrom(`
steps: [{ id: c, type: condition, if: "true", timeout: 1h, then: [{ id: make, type: mcp_call, capability: make, args: {}, effects: write }], on_error: continue }]
`);
    const sim = new Simulator({ closure, inputs: {}, world, started_at: 0 });
    await sim.flush();
    await sim.pause();
    while (await sim.advance(2 * 60 * MINUTE));
    await sim.cut();
    await sim.resume();
    while (sim.end === undefined && (await sim.advance()));
    expect(sim.end).toEqual({ status: "completed", output: null, in_doubt: ["c/make"] });
    expect(sim.calls).toHaveLength(1);
  });
});
