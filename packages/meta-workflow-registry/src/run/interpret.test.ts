import { describe, expect, it } from "vitest";
import type { Definition, Json, Step } from "../definition/definition.ts";
import { ActionBook } from "./actions/action-book.ts";
import { ActionDesk } from "./actions/action-desk.ts";
import { Run } from "./interpret.ts";
import type { CallOutcome, Ports } from "./ports.ts";

const COMMON = {
  effects: "none",
  idempotent: true,
  timeout: 60_000,
  retry: { attempts: 1, initial: 0, backoff: 1 },
  on_error: { then: "stop" },
} as const;
const WORK = { give: {}, result: {}, accept: [], evidence: [], lease: 900_000, on_deadline: "fail", max_attempts: 3 } as const;

function step(fields: { readonly id: string; readonly type: Step["type"]; readonly [name: string]: unknown }): Step {
  return { ...COMMON, ...fields } as unknown as Step;
}

function prompt(id: string, more: { readonly [name: string]: unknown } = {}): Step {
  return step({ id, type: "prompt", prompt_type: "task", instructions: `Do ${id}`, ...WORK, ...more });
}

function definition(steps: readonly Step[], more: Partial<Definition> = {}): Definition {
  return {
    schema: "meta-workflow/v1",
    id: "test",
    name: "Test",
    version: "1.0.0",
    status: "active",
    triggers: { phrases: [], alerts: [], not_this: {} },
    disclosure: "outline",
    inputs: { type: "object" },
    initial_state: {},
    secrets: [],
    locks: [],
    risk: "low",
    tasks: {},
    steps,
    finally: [],
    schemas: {},
    budget: { actions: 100, wall_time: 86_400_000 },
    env: {},
    ...more,
  };
}

function start(definition: Definition, inputs: { readonly [name: string]: Json } = {}, outcomes: readonly CallOutcome[] = []) {
  let ids = 0;
  const book = ActionBook.create({ newId: () => `attempt-${(ids += 1)}`, validate: () => [] });
  const desk = new ActionDesk(book, () => 0);
  const calls: string[] = [];
  const never = new Promise<never>(() => undefined);
  const ports: Ports = {
    now: () => 0,
    sleep: () => never,
    call: async (_, { path }) => outcomes[calls.push(path) - 1] ?? { status: "done", output: null, simulated: true },
    action: (draft, verify, scope) => desk.action(draft, verify, scope),
    taken: (path) => desk.taken(path),
    approval: () => never,
    event: () => never,
    validate: () => [],
    definition: () => definition,
    record: () => undefined,
    lock: async () => "held",
    unlock: async () => undefined,
    holdsLocks: () => true,
    asksAnew: () => true,
  };
  const run = new Run({ definition, inputs, ports, run: { id: "r1", started_at: 0 } });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 100; i += 1) await Promise.resolve();
  };
  return { run, book, desk, calls, settle };
}

describe("a run", () => {
  it("goes through prompts one after the other and gives what the definition says", async () => {
    const { run, desk, book, settle } = start(
      definition([prompt("one", { output_to: "first" }), prompt("two", { give: { first: "${{ state.first }}" } })], {
        output: { both: "${{ [state.first, steps.two.output] }}" },
      }),
    );
    await settle();
    expect(book.open_actions().map(({ action_id }) => action_id)).toEqual(["one#1"]);
    await desk.submit({ outcome: "completed", result: "a" });
    await settle();
    expect(book.open_actions()[0]?.context).toEqual([{ name: "first", trust: "data", value: "a" }]);
    await desk.submit({ outcome: "completed", result: "b" });
    expect(await run.end).toEqual({ status: "completed", output: { both: ["a", "b"] } });
    expect(book.state.actions).toEqual({});
  });

  it("takes one branch, sets the state at once and returns early", async () => {
    const { run } = start(
      definition(
        [
          step({ id: "set", type: "set_state", updates: { a: "${{ state.b }}", b: "${{ state.a }}" } }),
          step({
            id: "big",
            type: "condition",
            if: "inputs.n > 3",
            then: [step({ id: "out", type: "return", value: { a: "${{ state.a }}", b: "${{ state.b }}" } })],
            else: [step({ id: "no", type: "fail", message: "wrong branch" })],
          }),
          step({ id: "late", type: "fail", message: "not reached" }),
        ],
        { initial_state: { a: 1, b: 2 } },
      ),
      { n: 4 },
    );
    expect(await run.end).toEqual({ status: "completed", output: { a: 2, b: 1 } });
  });

  it("gives the results of a loop in the order of its items", async () => {
    const { run } = start(
      definition(
        [
          step({
            id: "each",
            type: "foreach",
            items: "[3, 1, 2]",
            as: "number",
            max_parallel: 2,
            limit: 10,
            on_item_error: "stop",
            steps: [step({ id: "double", type: "mcp_call", runs_on: "server", tool: "t", args: { n: "${{ number }}" } })],
          }),
        ],
        { output: "${{ steps.each.output.map(o, o.output) }}" },
      ),
      {},
      [3, 1, 2].map((n) => ({ status: "done", output: n * 2, simulated: true })),
    );
    expect(await run.end).toEqual({ status: "completed", output: [6, 2, 4] });
  });

  it("ends with the author's words where a step fails, and goes on where it may", async () => {
    const failing = (more: object): Step => step({ id: "bad", type: "fail", message: "no ${{ inputs.what }}", code: "no_luck", ...more });
    const { run } = start(definition([failing({})]), { what: "luck" });
    expect(await run.end).toEqual({ status: "failed", error: { code: "no_luck", message: "no luck", path: "bad" } });
    const other = start(definition([failing({ on_error: { then: "continue" } })], { output: "${{ steps.bad.error.code }}" }), {
      what: "luck",
    });
    expect(await other.run.end).toEqual({ status: "completed", output: "no_luck" });
  });
});
