import { describe, expect, it } from "vitest";
import { closureFrom } from "../scenario/played.test-support.ts";
import { MockWorld, Simulator } from "../scenario/index.ts";

const MANY = 1_000;
/** So often a run is carried on in a new execution: a tenth of what one may take. */
const CARRIED_ON_AFTER = 150;
/** What a run may keep is carried in one message of 2 MiB. */
const MOST_CARRIED = 1_950_000;

/** Every action is done, one after the other, by whoever is shown it; the run is carried on by its journal and its book alone. */
async function played(body: string): Promise<{ sim: Simulator; done: string[]; carried: number }> {
  const sim = new Simulator({ closure: closureFrom(body), inputs: {}, world: new MockWorld({ calls: [], approvals: {} }), started_at: 0 });
  const done: string[] = [];
  let carried = 0;
  for (let turn = 1; sim.end === undefined && turn <= 2 * MANY; turn += 1) {
    await sim.flush();
    const [open] = sim.book.open_actions();
    if (open === undefined) break;
    await sim.desk.submit({ action_id: open.action_id, outcome: "completed", result: open.instructions });
    done.push(open.action_id);
    if (turn % CARRIED_ON_AFTER !== 0) continue;
    await sim.cut();
    carried = Math.max(carried, Buffer.byteLength(JSON.stringify([sim.journal, sim.book.state])));
  }
  await sim.flush();
  return { sim, done, carried };
}

describe("a run that is longer than one history", () => {
  it("of 1,000 steps is carried on again and again: each is done once, in order", async () => {
    const steps = Array.from({ length: MANY }, (_, at) => `  - { id: s${at}, type: prompt, instructions: "Do ${at}" }\n`).join("");
    const { sim, done, carried } = await played(`steps:\n${steps}output: "\${{ [steps.s0.output, steps.s999.output] }}"\n`);
    expect(sim.end).toEqual({ status: "completed", output: ["Do 0", "Do 999"] });
    expect(done).toEqual(Array.from({ length: MANY }, (_, at) => `s${at}#1`));
    expect(sim.cuts).toBe(Math.floor(MANY / CARRIED_ON_AFTER));
    expect(carried).toBeLessThan(MOST_CARRIED);
  });

  it("of 1,000 items is carried on with ten of them open: each is done once, and the results are in order", async () => {
    const { sim, done, carried } = await played(`
budget: { actions: 2000 }
steps:
  - id: all
    type: foreach
    limit: ${MANY}
    items: "range(${MANY})"
    max_parallel: 10
    steps: [{ id: one, type: prompt, instructions: "\${{ string(item) }}" }]
output: "\${{ [size(steps.all.output), steps.all.output[0], steps.all.output[999]] }}"
`);
    const of = (item: number) => ({ status: "done", output: String(item) });
    expect(sim.end).toEqual({ status: "completed", output: [MANY, of(0), of(MANY - 1)] });
    expect(sim.cuts).toBe(Math.floor(MANY / CARRIED_ON_AFTER));
    expect(new Set(done).size).toBe(MANY);
    expect(done).toHaveLength(MANY);
    expect(carried).toBeLessThan(MOST_CARRIED);
  });
});
