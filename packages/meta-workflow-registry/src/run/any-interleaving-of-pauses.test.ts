import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closureFrom } from "../scenario/played.test-support.ts";
import { Simulator, type World } from "../scenario/index.ts";

// A run that is paused and resumed, told of events, out of time here and there, cancelled and carried on at any moment. The long
// form: PLATFORM_OPS_MODEL_RUNS=2000 (npm run test:model), each time with another seed.

const MINUTE = 60_000;
const CLOSURE = closureFrom(
  `
steps:
  - id: both
    type: parallel
    on_branch_error: collect
    branches:
      limited:
        - { id: sub, type: workflow, workflow: inner, timeout: 30m, on_error: [{ id: instead, type: mcp_call, capability: instead, args: {}, effects: write }] }
      items:
        - id: all
          type: foreach
          items: "[1, 2, 3]"
          max_parallel: 2
          on_item_error: collect
          timeout: 50m
          on_error: continue
          steps:
            - { id: part, type: workflow, workflow: inner }
      events:
        - { id: first, type: wait, event: tick }
        - { id: second, type: wait, event: tick, for: 40m, on_error: continue }
      turns:
        - id: turn
          type: loop
          while: "iteration < 3.0"
          max: 3
          timeout: 45m
          on_error: continue
          steps:
            - { id: pick, type: switch, cases: [{ when: "iteration == 1.0", steps: [{ id: rest, type: wait, for: 5m }] }], else: [{ id: say, type: prompt, instructions: say, deadline: 20m, on_deadline: continue }] }
  - { id: close, type: mcp_call, capability: close, args: {}, effects: write, compensate: { capability: reopen, args: {} } }
  - { id: last, type: prompt, instructions: last }
finally: [{ id: end, type: mcp_call, capability: end, args: {}, effects: write }]
`,
  {
    inner: `
steps:
  - { id: work, type: prompt, instructions: work }
  - { id: make, type: mcp_call, capability: make, args: {}, effects: write }
  - { id: rest, type: wait, for: 10m }
finally:
  - { id: tidy, type: mcp_call, capability: tidy, args: {}, effects: write }
  - { id: tell, type: prompt, instructions: tell }
`,
  },
);

type Command =
  | { readonly do: "submit"; readonly which: number; readonly outcome: "completed" | "failed" }
  | { readonly do: "pass"; readonly minutes: number }
  | { readonly do: "pause" | "resume" | "carry_on" | "event" | "cancel" | "undo" };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      which: fc.nat({ max: 5 }),
      outcome: fc.constantFrom("completed" as const, "completed" as const, "completed" as const, "failed" as const),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("pass" as const), minutes: fc.nat({ max: 25 }) }) },
  { weight: 9, arbitrary: fc.record({ do: fc.constantFrom("pause" as const, "resume" as const, "carry_on" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("event" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("cancel" as const, "undo" as const) }) },
);

/** Every call takes a second and happens. */
const WORLD: World = {
  call: () => ({ outcome: { status: "done", output: null, simulated: true }, takes: 1_000 }),
  approval: () => undefined,
  digest: () => "",
};

class Play {
  readonly sim = new Simulator({ closure: CLOSURE, inputs: {}, world: WORLD, started_at: 0 });
  readonly broken: string[] = [];
  #sent = 0;
  #atPause: { readonly calls: number; readonly open: ReadonlySet<string>; readonly started: number } | undefined;

  async run(one: Command): Promise<void> {
    const { sim } = this;
    if (sim.end !== undefined) return;
    switch (one.do) {
      case "submit": {
        const action = sim.book.open_actions()[one.which];
        if (action !== undefined) await sim.desk.submit({ action_id: action.action_id, outcome: one.outcome, result: "x", person: true });
        break;
      }
      case "pass":
        for (const until = sim.clock.now() + one.minutes * MINUTE; await sim.advance(until););
        break;
      case "pause":
        if (this.#atPause !== undefined) break;
        await sim.pause();
        this.#atPause = { calls: sim.calls.length, open: this.#open(), started: this.#started() };
        break;
      case "resume":
        await this.#resume();
        break;
      case "carry_on":
        await sim.cut();
        break;
      case "event":
        this.#sent += 1;
        await sim.happen("tick", this.#sent);
        break;
      case "cancel":
      case "undo":
        this.#atPause = undefined;
        await sim.cancel(one.do === "cancel" ? "stop" : "compensate");
    }
    await sim.flush();
    this.#look();
  }

  /** Everybody does what is asked, until the run is over. */
  async finish(): Promise<void> {
    const { sim } = this;
    await this.#resume();
    for (let turn = 0; turn < 300 && sim.end === undefined; turn += 1) {
      if (turn % 3 === 0) await sim.cut();
      const [action] = sim.book.open_actions();
      if (action !== undefined) await sim.desk.submit({ action_id: action.action_id, outcome: "completed", result: "x", person: true });
      else if (!(await sim.advance())) await sim.happen("tick", (this.#sent += 1));
      await sim.flush();
    }
  }

  async #resume(): Promise<void> {
    this.#atPause = undefined;
    await this.sim.resume();
  }

  #open(): Set<string> {
    return new Set(this.sim.book.open_actions().map(({ action_id }) => action_id));
  }

  #started(): number {
    return this.sim.timeline.filter(({ what }) => what === "started").length;
  }

  #look(): void {
    if (this.#atPause === undefined) return;
    const { calls, open, started } = this.#atPause;
    if (this.sim.calls.length > calls) this.broken.push(`called while paused: ${this.sim.calls.at(-1)?.path}`);
    for (const id of this.#open()) if (!open.has(id)) this.broken.push(`opened while paused: ${id}`);
    if (this.#started() > started) this.broken.push("a step began while paused");
  }

  /** What is wrong when it is over. */
  wrong(): string[] {
    const { sim } = this;
    const paths = sim.calls.map(({ path }) => path);
    const twice = paths.filter((path, at) => paths.indexOf(path) !== at).map((path) => `made twice: ${path}`);
    const began = new Set(sim.timeline.filter(({ what, path }) => what === "started" && /(sub|part)$/.test(path)).map(({ path }) => path));
    const tidied = new Set(paths.filter((path) => path.endsWith("tidy#1")).map((path) => path.replace("/finally/tidy#1", "")));
    const untidy = [...began].filter((path) => !tidied.has(path)).map((path) => `its last steps did not run: ${path}`);
    const values = sim.timeline.filter(({ what, path }) => what === "done" && /(first|second)$/.test(path)).length;
    return [
      ...this.broken,
      ...twice,
      ...untidy,
      ...(sim.end === undefined ? ["it did not end"] : []),
      ...(values > this.#sent ? ["an event was taken twice"] : []),
      ...(paths.filter((path) => path === "finally/end#1").length === 1 ? [] : ["finally did not run once"]),
      ...(sim.book.open_actions().length === 0 ? [] : ["something is open"]),
    ];
  }
}

const LONG = process.env["PLATFORM_OPS_MODEL_RUNS"];

describe("a run that is paused, told of events, out of time, cancelled and carried on at any moment", () => {
  it(
    "begins nothing while it is paused, makes each call once, runs all last steps once, and ends",
    async () => {
      const property = fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40, size: "max" }), async (commands) => {
        const play = new Play();
        for (const one of commands) await play.run(one);
        await play.finish();
        expect(play.wrong()).toEqual([]);
      });
      const how = LONG === undefined ? { numRuns: 60, seed: 7 } : { numRuns: Number(LONG), endOnFailure: true };
      const { failed, counterexample, errorInstance, seed } = await fc.check(property, how);
      expect({ failed, counterexample, errorInstance, seed: failed ? seed : undefined }).toEqual({
        failed: false,
        counterexample: null,
        errorInstance: null,
        seed: undefined,
      });
    },
    LONG === undefined ? 60_000 : 3_600_000,
  );
});
