import { describe, expect, it } from "vitest";
import { closureFrom } from "../scenario/played.test-support.ts";
import { MockWorld, Simulator } from "../scenario/index.ts";

// A sub-workflow that was ended has last steps; a run may be carried on while they go on.

const INNER = `
steps:
  - { id: work, type: prompt, instructions: work }
  - { id: never, type: mcp_call, capability: never, args: {}, effects: write }
finally:
  - { id: first, type: mcp_call, capability: first, args: {}, effects: write }
  - { id: tidy, type: prompt, instructions: tidy }
  - { id: second, type: mcp_call, capability: second, args: {}, effects: write }
`;
const CALL = "{ id: inner, type: workflow, workflow: inner }";
const PLACES: Readonly<Record<string, string>> = {
  "a list": CALL,
  condition: `{ id: c, type: condition, if: "true", then: [${CALL}] }`,
  switch: `{ id: c, type: switch, cases: [{ when: "false", steps: [${CALL}] }], else: [${CALL.replace("id: inner", "id: other_inner")}] }`,
  loop: `{ id: c, type: loop, while: "true", max: 2, steps: [${CALL}] }`,
  foreach: `{ id: c, type: foreach, items: "[1]", steps: [${CALL}] }`,
  task: `{ id: c, type: foreach, items: "[1]", task: part }`,
  parallel: `{ id: c, type: parallel, branches: { one: [${CALL}], two: [{ id: other, type: wait, for: 1d }] } }`,
  on_error: `{ id: c, type: fail, message: no, on_error: [${CALL}] }`,
  "another workflow": "{ id: c, type: workflow, workflow: outer }",
  "a parallel in a foreach": `{ id: c, type: foreach, items: "[1]", steps: [{ id: d, type: parallel, branches: { one: [${CALL}] } }] }`,
};
const OTHERS = { inner: INNER, outer: `steps: [${CALL}]` };
const CALLS = ["first", "second", "never", "last"].map((capability) => ({ capability }));

const simulated = (steps: string): Simulator =>
  new Simulator({
    closure: closureFrom(
      `
tasks: { part: { steps: [${CALL}] } }
steps:
${steps}
  - { id: after, type: mcp_call, capability: never, args: {}, effects: write }
finally: [{ id: last, type: mcp_call, capability: last, args: {}, effects: write }]
`,
      OTHERS,
    ),
    inputs: {},
    world: new MockWorld({ calls: CALLS as never, approvals: {} }),
    started_at: 0,
  });
const called = (sim: Simulator): (string | undefined)[] =>
  sim.calls.map(({ call }) => (call.kind === "tool" ? call.capability : undefined));
const tidy = async (sim: Simulator): Promise<void> => {
  const open = sim.book.open_actions().filter(({ step_id }) => step_id === "tidy");
  expect(open).toHaveLength(1);
  await sim.desk.submit({ action_id: open[0]!.action_id, outcome: "completed", result: "tidied" });
  await sim.flush();
};

describe("the last steps of a sub-workflow that was ended", () => {
  it.each(Object.keys(PLACES))("in %s: run to their end, once, when the run is carried on while it is cancelled", async (place) => {
    const sim = simulated(`  - ${PLACES[place]}`);
    await sim.flush();
    expect(sim.book.open_actions().map(({ step_id }) => step_id)).toEqual(["work"]);
    sim.run.cancel("stop");
    await sim.flush();
    expect(await sim.cut()).toBe(true);
    expect(await sim.cut()).toBe(true);
    await tidy(sim);
    expect({ end: sim.end, calls: called(sim) }).toEqual({ end: { status: "cancelled" }, calls: ["first", "second", "last"] });
  });

  it.each(Object.keys(PLACES))("in %s: run where the run was carried on right after it was cancelled", async (place) => {
    const sim = simulated(`  - ${PLACES[place]}`);
    await sim.flush();
    void sim.run.hold();
    sim.run.cancel("stop");
    expect(await sim.cut()).toBe(true);
    await tidy(sim);
    expect({ end: sim.end, calls: called(sim) }).toEqual({ end: { status: "cancelled" }, calls: ["first", "second", "last"] });
  });

  it.each(["parallel", "foreach"])("run where another part of a %s failed, and the run was carried on meanwhile", async (kind) => {
    const part = `[{ id: c, type: condition, if: "%", then: [${CALL}], else: [{ id: wrong, type: prompt, instructions: fail }] }]`;
    const sim = simulated(
      kind === "parallel"
        ? `  - { id: p, type: parallel, branches: { one: [${CALL}], two: [{ id: wrong, type: prompt, instructions: fail }] } }`
        : `  - { id: p, type: foreach, items: "[1, 2]", steps: ${part.replace("%", "item == 1")} }`,
    );
    await sim.flush();
    const wrong = sim.book.open_actions().find(({ step_id }) => step_id === "wrong")!;
    await sim.desk.submit({ action_id: wrong.action_id, outcome: "failed", result: "no" });
    await sim.flush();
    await sim.cut();
    await tidy(sim);
    expect({ end: sim.end, calls: called(sim) }).toMatchObject({
      end: { status: "failed", error: { code: "agent_failed" } },
      calls: ["first", "second", "last"],
    });
  });

  it("run where the time of the step that calls it is over, and the run was carried on meanwhile", async () => {
    const sim = simulated("  - { id: inner, type: workflow, workflow: inner, timeout: 1h }");
    await sim.flush();
    while (sim.book.get("inner/finally/tidy#1") === undefined) await sim.advance();
    await sim.cut();
    await tidy(sim);
    expect({ end: sim.end, calls: called(sim) }).toMatchObject({
      end: { status: "failed", error: { code: "timed_out", path: "inner" } },
      calls: ["first", "second", "last"],
    });
  });
});
