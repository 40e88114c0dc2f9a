import type { Closure } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord, Journal, RunEnd } from "@platform-ops/meta-workflow-registry/run";
import { describe, expect, test } from "vitest";
import type { RunInput } from "./run-contract.ts";
import { MEMO_KEY, memoCandidates, startMemo, statusOf, type RunFacts } from "./run-memo.ts";

const INPUT = {
  closure: {
    root: "staged",
    digest: "closure-digest",
    definitions: { staged: { name: "Staged", version: "1.2.0" } },
  } as unknown as Closure,
  inputs: {},
  digest: "start-digest",
  requester: "agent:zed@ann",
  server_version: "1.0.0",
} satisfies RunInput;
const journal = (more: Partial<Journal> = {}): Journal =>
  ({
    steps: {},
    visible: {},
    scopes: { "": { inputs: {}, state: { seen: 3 } } },
    began: {},
    marks: {},
    undo: [],
    actions: 0,
    ...more,
  }) as Journal;
const facts = (more: Partial<RunFacts> = {}): RunFacts => ({
  journal: journal(),
  actions: [],
  waiting_for: [],
  paused: false,
  simulated: false,
  ...more,
});
const action = (more: Partial<ActionRecord> = {}): ActionRecord =>
  ({
    action_id: "a#1",
    step_id: "a",
    type: "prompt",
    title: "A",
    executor: "agent",
    state: "open",
    created_at: Date.UTC(2026, 0, 5),
    ...more,
  }) as ActionRecord;
const memo = (of: RunFacts, candidate = 0) => memoCandidates(INPUT, of)[candidate]![MEMO_KEY];
const done = { status: "done", started_at: 1, ended_at: 2 } as const;

test("a status in the source's words: a refusal by a person is no failure, everything else that is not done is one", () => {
  const status = (end: RunEnd["status"]): string => statusOf({ status: end }, true);
  expect([statusOf(undefined, true), statusOf(undefined, false)]).toEqual(["pending_action", "running"]);
  expect([status("completed"), status("cancelled"), status("declined")]).toEqual(["completed", "cancelled", "cancelled"]);
  for (const end of ["failed", "compensated", "compensation_failed"] as const) expect(status(end)).toBe("failed");
});

describe("an open run", () => {
  test("begins with nothing done, by the name and version of its definition", () => {
    expect(startMemo(INPUT)[MEMO_KEY]).toEqual({
      workflow: "staged",
      name: "Staged",
      version: "1.2.0",
      digest: "closure-digest",
      started_with: "start-digest",
      requester: "agent:zed@ann",
      status: "running",
      current_step: null,
      open: [],
      waiting_for: [],
      steps_done: 0,
    });
    const nameless = {
      ...INPUT,
      closure: { root: "gone", digest: "d", definitions: {} } as unknown as Closure,
      answers_tell: true as const,
    };
    expect(startMemo(nameless)[MEMO_KEY]).toMatchObject({ workflow: "gone", name: "gone", version: "", answers_tell: true });
  });

  test("waits for an agent only where an agent may go on: not for a person's work, a result in doubt or a paused run", () => {
    expect(memo(facts({ actions: [action()] })).status).toBe("pending_action");
    for (const withheld of [{ executor: "human" }, { state: "needs_human" }, { state: "verifying" }] as Partial<ActionRecord>[])
      expect(memo(facts({ actions: [action(withheld)] })).status).toBe("running");
    expect(memo(facts({ actions: [action()], paused: true }))).toMatchObject({ status: "running", paused: true });
  });

  test("shows at most ten actions with bounded titles, and twenty waits", () => {
    const actions = Array.from({ length: 12 }, (_, at) => action({ action_id: `a#${at}`, title: "t".repeat(300), role: "dba" }));
    const waiting_for = Array.from({ length: 25 }, () => ({ kind: "time" as const, title: "later" }));
    const shown = memo(facts({ actions, waiting_for }));
    expect([shown.open.length, shown.waiting_for.length]).toEqual([10, 20]);
    expect(shown.open[0]).toEqual({
      action_id: "a#0",
      step_id: "a",
      type: "prompt",
      title: "t".repeat(200),
      executor: "agent",
      role: "dba",
      created_at: "2026-01-05T00:00:00.000Z",
    });
  });

  test("its step is that of the open action, else the one that began last and is not over, by its own name", () => {
    expect(memo(facts({ actions: [action({ step_id: "ask" })] })).current_step).toBe("ask");
    const began = { first: 1, "each[2]/verify#1": 3, over: 4 };
    expect(memo(facts({ journal: journal({ began, steps: { over: done } }) }))).toMatchObject({ current_step: "verify", steps_done: 1 });
    expect(memo(facts()).current_step).toBeNull();
  });
});

test("a memo that would be too large loses its state first, then the output, never how it ended", () => {
  const end: RunEnd = { status: "failed", output: "x".repeat(100), error: { code: "C", message: "m", path: "p" } };
  const of = facts({ end, simulated: true, pause: { by: "ann", since: "then" } });
  expect(memoCandidates(INPUT, of)).toHaveLength(3);
  const [whole, stateless, bare] = [memo(of, 0), memo(of, 1), memo(of, 2)];
  expect(whole).toMatchObject({ state: { seen: 3 }, end, simulated: true, pause: { by: "ann" } });
  expect(whole.truncated).toBeUndefined();
  expect(stateless).toMatchObject({ end, truncated: true });
  expect(stateless).not.toHaveProperty("state");
  expect(bare).toMatchObject({ end: { status: "failed", error: end.error }, truncated: true });
  expect(bare.end).not.toHaveProperty("output");
  expect(memo(facts(), 2)).not.toHaveProperty("end");
  // The scope of a run whose first step has not begun.
  expect(memo(facts({ journal: journal({ scopes: {} }) })).state).toEqual({});
});
