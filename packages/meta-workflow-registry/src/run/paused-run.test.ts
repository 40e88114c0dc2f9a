import { describe, expect, it } from "vitest";
import { closureFrom } from "../scenario/played.test-support.ts";
import { MockWorld, Simulator } from "../scenario/index.ts";

const HOUR = 60 * 60_000;
const CALLS = [{ capability: "one", takes: 1_000 }, { capability: "two" }, { capability: "look", gives: "no" }];

const simulated = (body: string): Simulator =>
  new Simulator({ closure: closureFrom(body), inputs: {}, world: new MockWorld({ calls: CALLS as never, approvals: {} }), started_at: 0 });
const open = (sim: Simulator): string[] =>
  sim.book
    .open_actions()
    .map(({ action_id }) => action_id)
    .toSorted();
const called = (sim: Simulator): (string | undefined)[] =>
  sim.calls.map(({ call }) => (call.kind === "tool" ? call.capability : undefined));
const submit = async (sim: Simulator, action_id: string): Promise<string> => {
  const { status } = await sim.desk.submit({ action_id, outcome: "completed", result: "done" });
  await sim.flush();
  return status;
};

/** Each is told of a run that is paused as it is, and of one that is carried on meanwhile. */
describe.each([
  ["as it is", false],
  ["and carried on", true],
])("a run that is paused, %s,", (_, isCarriedOn) => {
  const pause = async (sim: Simulator): Promise<void> => {
    await sim.flush();
    await sim.pause();
    if (isCarriedOn) expect(await sim.cut()).toBe(true);
  };

  it("takes the result of an open action, and begins nothing more until it is resumed", async () => {
    const sim = simulated(`
steps:
  - id: c
    type: condition
    if: "true"
    then:
      - { id: first, type: prompt, instructions: first, accept: [{ check: "result == 'done'", say: no }] }
      - { id: call, type: mcp_call, capability: two, args: {}, effects: write }
      - { id: second, type: prompt, instructions: second }
`);
    await pause(sim);
    expect(open(sim)).toEqual(["c/first#1"]);
    expect(await submit(sim, "c/first#1")).toBe("settled");
    if (isCarriedOn) await sim.cut();
    expect({ open: open(sim), calls: called(sim), first: sim.journal.steps["c/first"]?.status }).toEqual({
      open: [],
      calls: [],
      first: "done",
    });
    await sim.resume();
    expect({ open: open(sim), calls: called(sim) }).toEqual({ open: ["c/second#1"], calls: ["two"] });
  });

  it("opens none of the actions that wait for their turn", async () => {
    const sim = simulated(`
steps: [{ id: all, type: foreach, items: "range(20)", max_parallel: 20, steps: [{ id: each, type: prompt, instructions: do it }] }]
`);
    await pause(sim);
    expect(open(sim)).toHaveLength(10);
    for (const id of open(sim).slice(0, 4)) await submit(sim, id);
    if (isCarriedOn) await sim.cut();
    expect(open(sim)).toHaveLength(6);
    await sim.resume();
    expect(open(sim)).toHaveLength(10);
  });

  it("lets time go on, but what a timer brings waits; a limit of time ends nothing meanwhile", async () => {
    const sim = simulated(`
steps:
  - id: both
    type: parallel
    on_branch_error: collect
    branches:
      timer: [{ id: rest, type: wait, for: 1h }, { id: after, type: mcp_call, capability: two, args: {}, effects: write }]
      limited: [{ id: c, type: condition, timeout: 1h, if: "true", then: [{ id: ask, type: prompt, instructions: do it }] }]
      due: [{ id: soon, type: prompt, instructions: do it, deadline: 1h, on_deadline: fail }]
      poll: [{ id: seen, type: wait, until: { capability: look, args: {}, holds_when: "probe == 'yes'", every: 10m, within: 10h } }]
output: "\${{ steps.both.output }}"
`);
    await pause(sim);
    const polls = called(sim).length;
    while (await sim.advance(5 * HOUR));
    if (isCarriedOn) await sim.cut();
    while (await sim.advance(6 * HOUR));
    expect({ open: open(sim), calls: called(sim).slice(polls) }).toEqual({ open: ["both/due/soon#1", "both/limited/c/ask#1"], calls: [] });
    await sim.resume();
    while (sim.end === undefined && (await sim.advance()));
    expect(sim.end).toMatchObject({
      status: "completed",
      output: { timer: { status: "done" }, limited: { error: { code: "timed_out" } }, due: { error: { code: "deadline" } } },
    });
  });

  it("makes no further call of what goes on beside", async () => {
    const sim = simulated(`
steps:
  - { id: one, type: mcp_call, capability: one, args: {}, effects: write }
  - { id: two, type: mcp_call, capability: two, args: {}, effects: write }
`);
    await pause(sim);
    while (await sim.advance(HOUR));
    expect(called(sim)).toEqual(["one"]);
    await sim.resume();
    expect({ calls: called(sim), end: sim.end?.status }).toEqual({ calls: ["one", "two"], end: "completed" });
  });

  it("goes to its last steps where it is cancelled", async () => {
    const sim = simulated(`
steps: [{ id: first, type: prompt, instructions: first }]
finally: [{ id: tidy, type: prompt, instructions: tidy }, { id: two, type: mcp_call, capability: two, args: {}, effects: write }]
`);
    await pause(sim);
    await sim.cancel("stop");
    expect(open(sim)).toEqual(["finally/tidy#1"]);
    await submit(sim, "finally/tidy#1");
    expect({ calls: called(sim), end: sim.end }).toEqual({ calls: ["two"], end: { status: "cancelled" } });
  });
});
