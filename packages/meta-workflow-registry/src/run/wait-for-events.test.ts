import { describe, expect, it } from "vitest";
import { closureFrom } from "../scenario/played.test-support.ts";
import { MockWorld, Simulator } from "../scenario/index.ts";

const simulated = (body: string): Simulator =>
  new Simulator({ closure: closureFrom(body), inputs: {}, world: new MockWorld({ calls: [], approvals: {} }), started_at: 0 });

describe("a run that waits for events", () => {
  it("takes one that came before it waited, also where it was carried on in between", async () => {
    const sim = simulated(`
steps:
  - { id: first, type: prompt, instructions: first }
  - { id: deployed, type: wait, event: deployed }
  - { id: again, type: wait, event: deployed, for: 1h, on_error: continue }
output: "\${{ [steps.deployed.output, steps.again.status] }}"
`);
    await sim.flush();
    await sim.happen("deployed", { version: 2 });
    await sim.cut();
    await sim.desk.submit({ outcome: "completed", result: "done" });
    await sim.flush();
    await sim.cut();
    await sim.advance();
    expect(sim.end).toEqual({ status: "completed", output: [{ version: 2 }, "failed"] });
  });

  it("gives one event to one of two steps that wait for it; the other goes on waiting", async () => {
    const sim = simulated(`
steps:
  - id: both
    type: parallel
    branches:
      left: [{ id: one, type: wait, event: tick }]
      right: [{ id: two, type: wait, event: tick }]
output: "\${{ [steps.one.output, steps.two.output] }}"
`);
    await sim.flush();
    await sim.happen("tick", 1);
    expect(sim.end).toBeUndefined();
    await sim.cut();
    await sim.happen("tick", 2);
    expect(sim.end).toEqual({ status: "completed", output: [1, 2] });
  });

  it("keeps an event for whoever waits next where the branch that had it was cancelled", async () => {
    const sim = simulated(`
steps:
  - id: race
    type: parallel
    join: any
    branches:
      slow: [{ id: one, type: wait, event: tick }]
      fast: [{ id: two, type: wait, for: 1m }]
  - { id: late, type: wait, event: tick }
output: "\${{ steps.late.output }}"
`);
    await sim.flush();
    await sim.advance();
    await sim.happen("tick", "kept");
    expect(sim.end).toEqual({ status: "completed", output: "kept" });
  });
});
