import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "../expression/index.ts";
import { closureFrom } from "../scenario/played.test-support.ts";
import { Simulator, type World } from "../scenario/index.ts";
import type { CallOutcome } from "./ports.ts";

// A run with agents that come and go, calls that end in doubt, and restarts at any moment. The world knows what really happened.

const CLOSURE = closureFrom(`
steps:
  - id: prepare
    type: foreach
    items: "[1, 2]"
    max_parallel: 2
    steps:
      - { id: part, type: delegate, instructions: do it, lease: 10m, max_attempts: 2, on_deadline: escalate, accept: [{ check: "result == 'good'", say: not good }] }
  - { id: gate, type: approval, bind: [1], wait_at_most: 30d }
  - id: both
    type: parallel
    branches:
      ship:
        - { id: apply, type: mcp_call, capability: apply, args: {}, effects: destructive, guard: gate, compensate: { capability: unapply, args: {} },
            reconcile: { capability: look, args: {}, done: "probe == 'there'", absent: "probe == 'absent'" } }
      tell:
        - { id: announce, type: mcp_call, capability: announce, args: {}, effects: write }
        - { id: note, type: prompt, instructions: write it, lease: 10m, accept: [{ check: "result == 'good'", say: not good }] }
  - { id: rest, type: wait, for: 5m }
`);

type Command =
  | { readonly do: "take"; readonly agent: number; readonly limit: number }
  | { readonly do: "submit"; readonly attempt: number; readonly good: boolean; readonly agent: number }
  | { readonly do: "person"; readonly which: number }
  | { readonly do: "take_over"; readonly agent: number; readonly which: number }
  | { readonly do: "pass" | "carry_on" | "approve" | "cancel" };

type Luck = "done" | "unknown_done" | "unknown_absent";

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("take" as const), agent: fc.nat({ max: 2 }), limit: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      attempt: fc.nat({ max: 12 }),
      good: fc.boolean(),
      agent: fc.nat({ max: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("person" as const), which: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("take_over" as const), agent: fc.nat({ max: 2 }), which: fc.nat({ max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("pass" as const, "carry_on" as const, "carry_on" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("approve" as const) }) },
);
const luck = fc.array(fc.constantFrom<Luck>("done", "unknown_done", "unknown_absent"), { minLength: 6, maxLength: 6, size: "max" });

/** What really happens, which nobody in the run can know but by looking. */
class TrueWorld implements World {
  readonly effects: { [name: string]: number } = {};
  readonly broken: string[] = [];
  isApproved = false;
  #luck: readonly Luck[];

  constructor(luck: readonly Luck[]) {
    this.#luck = luck;
  }

  call(call: Parameters<World["call"]>[0]): { readonly outcome: CallOutcome; readonly takes: number } {
    const name = call.kind === "tool" ? call.capability! : call.kind;
    const done = (output: string): { readonly outcome: CallOutcome; readonly takes: number } => ({
      outcome: { status: "done", output, simulated: true },
      takes: 1000,
    });
    if (name === "look") return done(this.#lucky() === "unknown_absent" ? "unclear" : this.#isThere("apply") ? "there" : "absent");
    if (name === "apply" && !this.isApproved) this.broken.push("applied before it was approved");
    const how = name === "unapply" ? "done" : this.#lucky();
    if (how !== "unknown_absent") this.effects[name] = (this.effects[name] ?? 0) + 1;
    if (this.effects[name]! > 1) this.broken.push(`${name} happened twice`);
    return how === "done" ? done("there") : { outcome: { status: "unknown", message: "it died" }, takes: 1000 };
  }

  #isThere(name: string): boolean {
    return (this.effects[name] ?? 0) > 0;
  }

  /** What a person finds who looks. */
  found(effect: string): boolean {
    return this.#isThere(effect);
  }

  #lucky(): Luck {
    const [first = "done", ...rest] = this.#luck;
    this.#luck = rest;
    return first;
  }

  approval(): ReturnType<World["approval"]> {
    return this.isApproved ? { decision: "approved", after: 0 } : undefined;
  }

  digest(value: Parameters<World["digest"]>[0]): string {
    return digestOf(value);
  }
}

class Play {
  readonly world: TrueWorld;
  readonly sim: Simulator;
  readonly #attempts: { readonly action_id: string; readonly attempt_id: string }[] = [];

  constructor(luck: readonly Luck[]) {
    this.world = new TrueWorld(luck);
    this.sim = new Simulator({ closure: CLOSURE, inputs: {}, world: this.world, started_at: 0 });
  }

  async run(one: Command): Promise<void> {
    const { sim } = this;
    const open = sim.book.open_actions();
    switch (one.do) {
      case "take":
        for (const { action_id, attempt } of sim.book.present({ id: `g${one.agent}` }, sim.clock.now(), { limit: one.limit }).actions)
          this.#attempts.push({ action_id, attempt_id: attempt.id });
        sim.desk.pump();
        break;
      case "submit": {
        const attempt = this.#attempts.at(-1 - one.attempt);
        if (attempt === undefined) break;
        await sim.desk.submit({ ...attempt, outcome: "completed", result: one.good ? "good" : "bad", agent: { id: `g${one.agent}` } });
        break;
      }
      case "person":
        await this.#person(open.filter(({ state, executor }) => state === "needs_human" || executor === "human")[one.which]?.action_id);
        break;
      case "take_over": {
        const action = open[one.which];
        if (action !== undefined) sim.book.takeOver(action.action_id, { id: `g${one.agent}` }, sim.clock.now());
        break;
      }
      case "pass":
        await sim.advance(sim.clock.now() + 60 * 60_000);
        break;
      case "approve":
        this.world.isApproved = true;
        await sim.cut();
        break;
      case "cancel":
        sim.run.cancel("compensate");
        break;
      case "carry_on":
        await sim.cut();
    }
    await sim.flush();
  }

  async #person(action_id: string | undefined): Promise<void> {
    const action = action_id === undefined ? undefined : this.sim.book.get(action_id);
    if (action === undefined) return;
    const result = action.executor === "human" ? { happened: this.world.found(action.step_id) } : "good";
    await this.sim.desk.submit({ action_id: action.action_id, outcome: "completed", result, person: true });
  }

  /** Everybody does what is right until the run is over, which is carried on again and again meanwhile. */
  async finish(): Promise<void> {
    const { sim } = this;
    this.world.isApproved = true;
    for (let turn = 0; turn < 200 && sim.end === undefined; turn += 1) {
      await sim.cut();
      for (const { action_id, state, executor } of sim.book.open_actions()) {
        if (state === "needs_human" || executor === "human") await this.#person(action_id);
        else {
          const taken = sim.book.takeOver(action_id, { id: "last" }, sim.clock.now());
          if ("action_id" in taken)
            await sim.desk.submit({ action_id, attempt_id: taken.attempt.id, outcome: "completed", result: "good" });
        }
      }
      await sim.flush();
      if (sim.end === undefined && sim.book.open_actions().length === 0) await sim.advance();
    }
  }
}

function endedTwice(sim: Simulator): string[] {
  const done = sim.timeline.filter(({ what }) => what === "done").map(({ path }) => path);
  return done.filter((path, at) => done.indexOf(path) !== at);
}

async function check(property: fc.IAsyncProperty<[Luck[], Command[]]>): Promise<void> {
  const { failed, counterexample, errorInstance } = await fc.check(property, { numRuns: 120, seed: 7 });
  expect({ failed, counterexample, errorInstance }).toEqual({ failed: false, counterexample: null, errorInstance: null });
}

const commands = fc.array(command, { minLength: 5, maxLength: 40, size: "max" });

describe("a run under any interleaving", () => {
  it("ends well; each step once, each effect once, and nothing guarded before its decision", async () => {
    await check(
      fc.asyncProperty(luck, commands, async (lucky, all) => {
        const play = new Play(lucky);
        for (const one of all) await play.run(one);
        await play.finish();
        const { effects, broken } = play.world;
        expect({ broken, twice: endedTwice(play.sim), end: play.sim.end, effects }).toEqual({
          broken: [],
          twice: [],
          end: { status: "completed", output: null },
          effects: { apply: 1, announce: 1 },
        });
      }),
    );
  });

  it("cancelled at any moment, undoes exactly what had happened", async () => {
    await check(
      fc.asyncProperty(luck, commands, async (lucky, all) => {
        const play = new Play(lucky);
        for (const one of all) await play.run(one);
        await play.run({ do: "cancel" });
        await play.finish();
        const { effects, broken } = play.world;
        const { status, in_doubt } = play.sim.end!;
        expect(broken).toEqual([]);
        expect(["cancelled", "completed"]).toContain(status);
        // In doubt means that nobody has looked yet: the run says so instead of undoing what may not be there.
        if (status === "cancelled" && in_doubt === undefined) expect(effects["unapply"] ?? 0).toBe(effects["apply"] ?? 0);
      }),
    );
  });
});
