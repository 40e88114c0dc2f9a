import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closureFrom } from "../scenario/played.test-support.ts";
import { MockWorld, Simulator } from "../scenario/index.ts";
import { cut, jsonBytes } from "./value-bounds.ts";

const CALLS = [
  { capability: "make", gives: "made" },
  { capability: "fail", fails: { code: "no", message: "m".repeat(5_000_000) } },
];
/** What a message takes, and what is bounded by itself. */
const MOST = 1_950_000 - 350_000;

/** Plays a definition to its end; every prompt is answered by `result`. Measures what would be sent after each step. */
async function played(body: string, { others = {}, result = "done" as string } = {}): Promise<{ sim: Simulator; largest: number }> {
  const world = new MockWorld({ calls: CALLS as never, approvals: { "*": "approve" } as never });
  const sim = new Simulator({ closure: closureFrom(body, others), inputs: { text: "x".repeat(1_000) }, world, started_at: 0 });
  let largest = 0;
  for (let turn = 0; turn < 3_000 && sim.end === undefined; turn += 1) {
    await sim.flush();
    largest = Math.max(largest, Buffer.byteLength(JSON.stringify([sim.journal, sim.book.state.actions])));
    const [open] = sim.book.open_actions();
    if (open !== undefined) await sim.desk.submit({ action_id: open.action_id, outcome: "completed", result, person: true });
    else await sim.advance();
  }
  return { sim, largest };
}

const HEAD = "inputs: { text: string }\n";
const BIG_LIST = "range(1000).map(i, range(5).map(j, inputs.text))";
const ATTACKS: Readonly<Record<string, { readonly body: string; readonly others?: Record<string, string>; readonly at: string }>> = {
  "a list that doubles": {
    body: `initial_state: { all: ["\${{ inputs.text }}"] }
steps:
  - { id: grow, type: loop, while: "true", max: 100, steps: [{ id: twice, type: set_state, updates: { all: "\${{ state.all + state.all }}" } }] }`,
    at: "grow[9]/twice",
  },
  "many fields of the state": {
    body: `steps:
${Array.from({ length: 6 }, (_, at) => `  - { id: s${at}, type: set_state, updates: { f${at}: "\${{ range(300).map(i, inputs.text) }}" } }`).join("\n")}`,
    at: "s3",
  },
  "nested fields of the state": {
    body: `steps:
  - { id: grow, type: loop, while: "true", max: 100, steps: [{ id: wrap, type: set_state, updates: { a: "\${{ {'l': has(state.a) ? state.a : inputs.text, 'r': has(state.a) ? state.a : inputs.text} }}" } }] }`,
    at: "grow[9]/wrap",
  },
  "an output of a sub-workflow": {
    body: 'steps: [{ id: sub, type: workflow, workflow: big, inputs: { text: "${{ inputs.text }}" } }]',
    others: { big: `${HEAD}steps: [{ id: give, type: return, value: "\${{ ${BIG_LIST} }}" }]` },
    at: "sub/give",
  },
  "what a sub-workflow is given": {
    body: `steps: [{ id: sub, type: workflow, workflow: big, inputs: { text: "\${{ ${BIG_LIST} }}" } }]`,
    others: { big: "inputs: { text: array }\nsteps: [{ id: give, type: return, value: 1 }]" },
    at: "sub",
  },
  "the items of a foreach": {
    body: `steps: [{ id: all, type: foreach, limit: 1000, items: "range(1000).map(i, range(3).map(j, inputs.text))", steps: [] }]`,
    at: "all",
  },
  "what an action is given": {
    body: `steps: [{ id: ask, type: prompt, instructions: do it, give: { all: "\${{ range(300).map(i, inputs.text) }}" } }]`,
    at: "ask",
  },
  "what a call is given": {
    body: `steps: [{ id: make, type: mcp_call, capability: make, args: { all: "\${{ range(300).map(i, inputs.text) }}" }, effects: write }]`,
    at: "make",
  },
  "what is to be approved": {
    body: `steps: [{ id: gate, type: approval, bind: "\${{ range(900).map(i, inputs.text) }}", wait_at_most: 1h }]`,
    at: "gate",
  },
  "the value that a run gives": { body: `steps: [{ id: give, type: return, value: "\${{ ${BIG_LIST} }}" }]`, at: "give" },
  "the output of a run": { body: `steps: [{ id: look, type: check, that: "true" }]\noutput: "\${{ ${BIG_LIST} }}"`, at: "output" },
};

describe("a definition that multiplies what it has", () => {
  it.each(Object.entries(ATTACKS))("fails at the step that is too much: %s", async (_, { body, others = {}, at }) => {
    const { sim, largest } = await played(HEAD + body, { others });
    expect(sim.end).toMatchObject({ status: "failed", error: { code: "too_large", path: at } });
    expect(sim.end?.error?.message).toMatch(/\d+ bytes/);
    expect(largest).toBeLessThan(MOST);
  });

  it("may handle that it was too much, and go on", async () => {
    const { sim } = await played(`${HEAD}
steps:
  - { id: big, type: set_state, updates: { all: "\${{ ${BIG_LIST} }}" }, on_error: [{ id: told, type: return, value: "\${{ error.code }}" }] }`);
    expect(sim.end).toEqual({ status: "completed", output: "too_large" });
  });

  it("keeps of a thousand large items what there is room for; the others have failed, one by one", async () => {
    const { sim, largest } = await played(
      `${HEAD}
tasks: { part: { inputs: { item: integer }, output: "\${{ 'y'.repeat(0) + range(5000).map(i, 'a').join('') }}", steps: [{ id: x, type: set_state, updates: { a: 1 } }] } }
steps: [{ id: all, type: foreach, limit: 1000, items: "range(1000)", on_item_error: collect, task: part }]
output: "\${{ size(steps.all.output.filter(one, one.status == 'failed')) }}"`.replace("'y'.repeat(0) + ", ""),
    );
    expect(sim.end?.status).toBe("completed");
    expect(sim.end?.output).toBeGreaterThan(700);
    expect(largest).toBeLessThan(MOST);
  });

  it("cuts the words of failures, also of a thousand", async () => {
    const { sim, largest } = await played(`${HEAD}
steps:
  - { id: own, type: fail, message: "\${{ range(400).map(i, inputs.text) }}", on_error: continue }
  - { id: call, type: mcp_call, capability: fail, args: {}, effects: read, retry: 1, on_error: continue }
  - id: all
    type: foreach
    limit: 1000
    items: "range(1000)"
    on_error: continue
    on_item_error: collect
    steps: [{ id: no, type: fail, message: "\${{ range(5).map(i, inputs.text) }}" }]
output: "\${{ [size(steps.own.error.message), size(steps.call.error.message), steps.all.error.code] }}"`);
    expect(sim.end).toEqual({ status: "completed", output: [4_000, 4_000, "too_large"] });
    expect(largest).toBeLessThan(MOST);
    expect(Math.max(...sim.timeline.map(({ text }) => text?.length ?? 0))).toBeLessThan(1_001);
  });

  it("opens no more at once than can be carried on; all are done in turn", async () => {
    const { sim, largest } = await played(`${HEAD}
steps:
  - { id: all, type: foreach, max_parallel: 20, items: "range(20)", steps: [{ id: ask, type: prompt, instructions: "\${{ range(100).map(i, inputs.text) }}" }] }`);
    expect(sim.end?.status).toBe("completed");
    expect(largest).toBeLessThan(700_000);
  });

  it("asks somebody to undo what there is no room for undoing", async () => {
    const { sim } = await played(
      `${HEAD}
steps:
  - { id: make, type: mcp_call, capability: make, args: {}, effects: write, compensate: { capability: make, args: { all: "\${{ range(400).map(i, inputs.text) }}" } } }
  - { id: no, type: fail, message: no, on_error: compensate }`,
      { result: { undone: true } as never },
    );
    expect(sim.timeline.filter(({ what }) => what === "compensated")).toHaveLength(1);
    expect(sim.end?.status).toBe("compensated");
  });

  it("keeps small results also where it is full", async () => {
    const { sim } = await played(
      `${HEAD}
steps:
  - { id: fill, type: set_state, updates: { all: "\${{ range(970).map(i, inputs.text) }}" } }
  - { id: ask, type: prompt, instructions: do it }`,
      { result: "y".repeat(1_800) },
    );
    expect(sim.end?.status).toBe("completed");
  });
});

describe("bytes of a value", () => {
  it("are those of its JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const bytes = Buffer.byteLength(JSON.stringify(value));
        const counted = jsonBytes(value, 10_000_000);
        // Separators are counted one too many for each list and map.
        expect(counted).toBeGreaterThanOrEqual(bytes);
        expect(counted - bytes).toBeLessThanOrEqual(
          2 * (JSON.stringify(value).match(/[[{]/g)?.length ?? 0) + 10 * (JSON.stringify(value).match(/[\ud800-\udfff]/g)?.length ?? 0),
        );
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it("are not counted on where they are too many", () => {
    let value: unknown = "x".repeat(1_000);
    for (let depth = 0; depth < 60; depth += 1) value = [value, value];
    expect(jsonBytes(value, 1_000_000)).toBeGreaterThan(1_000_000);
    expect(cut("abc", 2)).toBe("a…");
  });
});
