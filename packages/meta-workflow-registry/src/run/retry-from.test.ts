import { describe, expect, it } from "vitest";
import type { Closure } from "../definition/definition.ts";
import { closureFrom } from "../scenario/played.test-support.ts";
import { Simulator } from "../scenario/simulator.ts";
import type { World } from "../scenario/world.ts";
import { digestOf } from "../expression/index.ts";
import type { CallOutcome } from "./ports.ts";
import { retryFrom } from "./retry-from.ts";

const DONE: CallOutcome = { status: "done", output: "well", simulated: false };
const FAILED: CallOutcome = { status: "failed", code: "broken", message: "It broke." };
const UNKNOWN: CallOutcome = { status: "unknown", message: "No answer." };

/** Runs a closure to its end; `outcomes` by capability, one after the other, the last stays; all else is done. */
async function play(
  closure: Closure,
  outcomes: Record<string, CallOutcome[]> = {},
  from?: Simulator,
  step = "",
  within = Number.POSITIVE_INFINITY,
): Promise<Simulator> {
  const left = new Map(Object.entries(outcomes).map(([name, list]) => [name, [...list]]));
  const next = (list: CallOutcome[] = []): CallOutcome => (list.length > 1 ? list.shift()! : (list[0] ?? DONE));
  const world: World = {
    call: (call) => ({ outcome: next(left.get((call as { capability: string }).capability)), takes: 0 }),
    approval: () => ({ decision: "approved", after: 0 }),
    digest: digestOf,
  };
  const started_at = from === undefined ? 0 : from.clock.now();
  const retried = from === undefined ? undefined : retryFrom(from.journal, closure.definitions["main"]!, step, started_at);
  if (retried !== undefined && "accepted" in retried) throw new Error(`accepted: ${retried.accepted.join(", ")}`);
  const sim = new Simulator({ closure, inputs: {}, world, started_at, ...(retried === undefined ? {} : { journal: retried.journal }) });
  await sim.flush();
  while (sim.end === undefined && (await sim.advance(started_at + within))) await sim.flush();
  return sim;
}
const called = ({ calls }: Simulator): string[] => calls.map(({ path }) => path.replaceAll("#1", ""));
const call = (id: string, more = ""): string =>
  `{ id: ${id}, type: mcp_call, capability: x.${id}, effects: write, idempotent: false${more} }`;
const LOOK = `, reconcile: { capability: x.look, done: "probe == 'well'", absent: "probe == 'gone'" }`;

describe("a run that failed is taken up again", () => {
  it("from the step that failed: what was done before is not done again, and its outputs and state are there", async () => {
    const closure = closureFrom(`initial_state: { n: 0 }
steps:
  - ${call("one", ", output_to: said")}
  - { id: count, type: set_state, updates: { n: "\${{ state.n + 1 }}" } }
  - ${call("two")}
  - ${call("three")}
finally: [${call("tidy")}]
output: { n: "\${{ state.n }}", said: "\${{ state.said }}", two: "\${{ steps.two.output }}" }`);
    const first = await play(closure, { "x.two": [FAILED] });
    expect(first.end).toMatchObject({ status: "failed", error: { code: "broken", path: "two" } });
    const second = await play(closure, {}, first, "two");
    expect(second.end).toEqual({ status: "completed", output: { n: 1, said: "well", two: "well" } });
    expect(called(second)).toEqual(["two", "three", "finally/tidy"]);
  });

  it("names the steps that are accepted: back to the last effect that nobody could look for", async () => {
    const closure = closureFrom(`steps:\n  - ${["a", "b", "c", "d"].map((id) => call(id, id === "c" ? LOOK : "")).join("\n  - ")}`);
    const first = await play(closure, { "x.d": [FAILED] });
    const { definitions } = closure;
    expect(retryFrom(first.journal, definitions["main"]!, "nonsense", 0)).toEqual({ accepted: ["a", "b", "c", "d"] });
    const prompt = closureFrom(`steps:
  - ${call("a")}
  - { id: both, type: parallel, branches: { left: [${call("l")}] } }
  - { id: again, type: mcp_call, capability: x.again, effects: write, idempotent: true }
  - ${call("d")}
  - ${call("e")}`);
    const other = await play(prompt, { "x.d": [FAILED] });
    expect(retryFrom(other.journal, prompt.definitions["main"]!, "a", 0)).toEqual({ accepted: ["again", "d"] });
  });

  it("looks for an effect that was done, and for one of which nobody knew, before it makes it again", async () => {
    const closure = closureFrom(`steps:\n  - ${call("a", LOOK)}\n  - ${call("b", LOOK)}`);
    const first = await play(closure, { "x.b": [FAILED] });
    const there = await play(closure, {}, first, "a");
    expect([there.end?.status, called(there)]).toEqual(["completed", ["a#reconcile-1", "b"]]);
    const gone = await play(closure, { "x.look": [{ ...DONE, output: "gone" }] }, first, "a");
    expect([gone.end?.status, called(gone)]).toEqual(["completed", ["a#reconcile-1", "a", "b"]]);
    // Without a probe a person is asked; nothing is called meanwhile.
    const bare = closureFrom(`steps:\n  - ${call("a")}\n  - ${call("b")}`);
    const hour = 3_600_000;
    const asked = await play(bare, {}, await play(bare, { "x.b": [FAILED] }), "a", hour);
    expect([asked.end, called(asked)]).toEqual([undefined, []]);
    expect(asked.book.open_actions()).toMatchObject([{ executor: "human", step_id: "a" }]);
    const unknown = await play(bare, { "x.b": [UNKNOWN] });
    expect(unknown.end).toMatchObject({ error: { code: "out_of_time" }, in_doubt: ["b"] });
    const still = await play(bare, {}, unknown, "b", hour);
    expect([still.end, called(still)]).toEqual([undefined, []]);
    expect(still.book.open_actions()).toMatchObject([{ executor: "human", step_id: "b" }]);
  });

  it("goes on in a step that failed with what was done in it", async () => {
    const closure = closureFrom(
      `steps:
  - id: all
    type: parallel
    branches:
      left: [${call("l")}]
      right: [${call("r1")}, ${call("r2")}]
  - { id: each, type: foreach, items: "[1, 2, 3]", as: n, max_parallel: 1, steps: [${call("item")}] }
  - { id: sub, type: workflow, workflow: inner }`,
      { inner: `steps: [${call("i1")}, ${call("i2")}]\nfinally: [${call("tidy")}]` },
    );
    const first = await play(closure, { "x.r2": [FAILED] });
    expect(first.end?.error?.path).toBe("all/right/r2");
    // By the path that the failure names, or by the step of the definition that holds it; what was done there is neither.
    expect(retryFrom(first.journal, closure.definitions["main"]!, "all/right/r1", 0)).toEqual({ accepted: ["all", "all/right/r2"] });
    expect(called(await play(closure, {}, first, "all/right/r2"))).toEqual(called(await play(closure, {}, first, "all")));
    const second = await play(closure, { "x.item": [DONE, FAILED] }, first, "all");
    expect(called(second)).toEqual(["all/right/r2", "each[0]/item", "each[1]/item"]);
    const third = await play(closure, { "x.i2": [FAILED] }, second, "each[1]/item");
    expect(called(third)).toEqual(["each[1]/item", "each[2]/item", "sub/i1", "sub/i2", "sub/finally/tidy"]);
    const fourth = await play(closure, {}, third, "sub");
    expect([fourth.end?.status, called(fourth)]).toEqual(["completed", ["sub/i2", "sub/finally/tidy"]]);
  });

  it("undoes each thing once, also where it fails again", async () => {
    const undo = ", compensate: { capability: x.undo }";
    const closure = closureFrom(
      `steps:\n  - ${call("a", LOOK + undo)}\n  - ${call("b")}\n  - { id: c, type: mcp_call, capability: x.c, effects: write, idempotent: true, on_error: compensate }`,
    );
    const first = await play(closure, { "x.b": [FAILED] });
    const second = await play(closure, { "x.c": [FAILED] }, first, "a");
    expect(second.end?.status).toBe("compensated");
    expect(called(second).filter((path) => path.endsWith("#undo"))).toEqual(["a#undo"]);
  });

  it("has its whole time again", async () => {
    const closure = closureFrom(
      `budget: { wall_time: 1h }\nsteps: [{ id: wait, type: wait, for: 50m }, { id: more, type: wait, for: 20m }]`,
    );
    const first = await play(closure);
    expect(first.end?.error?.code).toBe("out_of_time");
    expect((await play(closure, {}, first, "more")).end?.status).toBe("completed");
  });
});
