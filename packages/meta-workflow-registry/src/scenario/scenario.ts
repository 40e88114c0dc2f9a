import { z } from "zod";
import type { Json } from "../definition/definition.ts";
import { durationOf } from "../expression/duration.ts";

// What a `tests/*.test.yaml` says: a run, those who take part in it, and what is to come of it.

const json: z.ZodType<Json> = z.json();
const duration = z.union([z.string().max(40), z.number().nonnegative()]).transform((value, context) => {
  const ms = durationOf(value);
  if (ms !== undefined) return ms;
  context.addIssue({ code: "custom", message: "is no duration like 90s, 15m, 2h or 3d" });
  return z.NEVER;
});
const name = z.string().min(1).max(200);

const AnswerShape = z.strictObject({
  /** A step's id, or an action's path with `*` for any part. */
  when: name,
  /** How long it takes. */
  after: duration.default(0),
  /** What is submitted as completed; `${{ }}` sees `action`. */
  submit: json.optional(),
  /** Another outcome. */
  outcome: z.enum(["completed", "failed", "blocked", "declined", "needs_human"]).default("completed"),
  note: z.string().max(4000).optional(),
  /** Sends it a second time, as after a lost answer. */
  twice: z.boolean().default(false),
  /** Takes the action and never comes back. */
  vanish: z.boolean().default(false),
  /** Sends it only after somebody else took the action over. */
  late: z.boolean().default(false),
  /** Says that it is at it, so often, each `after` apart, before it submits. */
  progress: z.number().int().min(0).max(1000).default(0),
});

const OutcomeShape = z.strictObject({
  gives: json.optional(),
  fails: z.strictObject({ code: name, message: z.string().max(4000).default("It failed."), output: json.optional() }).optional(),
  /** Nobody knows whether it happened. */
  unknown: z.string().max(4000).optional(),
  takes: duration.optional(),
});

const MockShape = OutcomeShape.extend({
  capability: name.optional(),
  server: name.optional(),
  tool: name.optional(),
  check: name.optional(),
  /** The first words of the program's arguments. */
  argv: z.array(z.string()).min(1).optional(),
  /** Only calls with these arguments. */
  with: z.record(z.string(), json).optional(),
  /** One after the other; the last stays. */
  in_turn: z.array(OutcomeShape).min(1).optional(),
});

const ApprovalShape = z.union([
  z.enum(["approve", "reject", "nobody"]),
  z.strictObject({
    decision: z.enum(["approve", "reject"]),
    after: duration.default(0),
    by: name.optional(),
    reason: z.string().max(4000).optional(),
    /** Decides about this instead of what was asked: a record of something else. */
    about: json.optional(),
  }),
]);

const ExpectShape = z.strictObject({
  end: z.enum(["completed", "failed", "declined", "cancelled", "compensated", "compensation_failed", "blocked"]),
  /** Code of the failure. */
  error: name.optional(),
  /** These parts of the output. */
  output: json.optional(),
  state: z.record(z.string(), json).optional(),
  /** Steps that end in this order; others may end between them. */
  order: z.array(name).optional(),
  not_run: z.array(name).optional(),
  /** Actions that are open at the end: steps' ids or paths. */
  open: z.array(name).optional(),
  /** So often was it called: a capability, tool, check, or the first words of a program. */
  calls: z.record(z.string(), z.number().int().min(0)).optional(),
  /** Steps in the order in which they were undone. */
  compensated: z.array(name).optional(),
  /** Codes of refused submissions, in their order. */
  refused: z.array(name).optional(),
  warned: z.array(name).optional(),
  /** Locks that it had to wait for, in that order. */
  waited_for: z.array(z.string().min(1).max(300)).optional(),
  /** Truths about `output`, `state`, `calls`, `steps`. */
  that: z.array(z.string().min(1).max(4000)).optional(),
});

const AgentShape = z.strictObject({ role: name.optional(), does: z.array(AnswerShape).max(200).default([]) });

export const ScenarioShape = z.strictObject({
  scenario: name,
  workflow: name.optional(),
  inputs: z.record(z.string(), json).default({}),
  started_at: z.iso.datetime().default("2026-01-05T09:00:00Z"),
  /** How long is waited for something to happen, before the run counts as blocked. */
  horizon: duration.prefault("7d"),
  agents: z.record(z.string(), AgentShape).default({}),
  /** Who answers what only people may: questions, what agents could not do, what cannot be known. */
  people: z.record(z.string(), AgentShape).default({}),
  calls: z.array(MockShape).max(200).default([]),
  approvals: z.record(z.string(), ApprovalShape).default({}),
  events: z
    .array(z.strictObject({ name, value: json.default(null), at: duration }))
    .max(100)
    .default([]),
  /** Locks that other runs hold when it begins, and until when. */
  held_locks: z
    .array(z.strictObject({ name: z.string().min(1).max(300), by: name.default("another-run"), until: duration }))
    .max(50)
    .default([]),
  control: z
    .array(z.strictObject({ at: duration, cancel: z.enum(["stop", "compensate"]) }))
    .max(20)
    .default([]),
  /** Carries the run on from its journal after every step. */
  carry_on: z.boolean().default(false),
  expect: ExpectShape,
});

export type Scenario = z.output<typeof ScenarioShape>;
export type Answer = Scenario["agents"][string]["does"][number];
export type Mock = Scenario["calls"][number];
export type MockOutcome = z.output<typeof OutcomeShape>;
