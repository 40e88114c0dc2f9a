import { z } from "zod";
import type { StepType } from "../definition.ts";
import {
  count,
  duration,
  durationTemplate,
  expression,
  flag,
  jsonSchema,
  name,
  steps,
  template,
  templateText,
  templates,
  text,
  workflowId,
} from "./atoms.ts";
import { CALL_KINDS, callFields, compensate, hasOneCall, probe, programFields, reconcile, toolFields } from "./calls.ts";

// What a step of each type may say. This is the one source: the reader, the defaults and the published JSON Schema come from it.

export const EFFECTS = ["none", "read", "write", "destructive"] as const;

export const retry = z
  .union(
    [
      z.strictObject({
        attempts: count("How often it is tried.", 1, 20),
        initial: duration("Wait before the second try.").optional(),
        backoff: z.number().min(1, "at least 1").max(10, "at most 10").optional().describe("Each wait is so many times the one before."),
      }),
      count("How often it is tried.", 1, 20),
    ],
    { error: "a number of attempts, or a map of `attempts`, `initial` and `backoff`" },
  )
  .describe("How often a call is tried; only what reads, or may happen twice, is tried again.");

const onError = z
  .union([z.enum(["stop", "continue", "compensate"]), steps("What is done instead.")], {
    error: "`stop`, `continue`, `compensate` or a list of steps",
  })
  .describe("What happens when the step fails.");

export const commonFields = {
  id: name("Name of the step, unique in the definition; expressions read `steps.<id>.output`."),
  title: text("What people read.", 200).optional(),
  when: expression("The step is skipped where this is false.").optional(),
  effects: z.enum(EFFECTS).optional().describe("What the step does to the world."),
  idempotent: flag("Whether it may run twice without harm.").optional(),
  timeout: duration("How long one try of a call may take; of a step that is no call, how long all of it may.").optional(),
  retry: retry.optional(),
  on_error: onError.optional(),
  compensate: compensate.optional(),
  no_compensation: text("Why this step cannot be undone, or need not be.", 500).optional(),
  reconcile: reconcile.optional(),
  guard: name("Id of an approval that must still hold right before this step.").optional(),
  output_to: text("Field of the state that takes the output.", 200).optional(),
  needs_state: z.array(z.string()).max(100, "at most 100").optional().describe("What of the state this step sees; absent: all of it."),
  output: z
    .union([z.strictObject({ schema: jsonSchema("What the output looks like.") }), jsonSchema("What the output looks like.")], {
      error: "a JSON Schema",
    })
    .optional()
    .describe("What the output must look like."),
  risk: z.enum(["low", "medium", "high"]).optional().describe("How much harm a mistake does."),
};

const runsOn = z
  .enum(["server", "client"])
  .optional()
  .describe("Who runs it: the server, or the agent's side, which is believed only after a check.");

const accept = z
  .strictObject({
    check: expression("True where the result is accepted; sees `result`, `probe`, `inputs`, `state`, `steps`."),
    probe: probe.optional(),
    say: text("What the agent is told where it is not.", 1_000).optional(),
  })
  .describe("A check that the server makes before it believes a result.");

const agentWork = {
  instructions: templateText("What is to be done, in Markdown.", 20_000),
  give: templates("Data that goes with it, by name.").optional(),
  result: jsonSchema("What the result must look like.").optional(),
  accept: z.array(accept).max(20, "at most 20").optional().describe("What the server checks before it believes the result."),
  evidence: z
    .array(z.string())
    .max(20, "at most 20")
    .optional()
    .describe("What the result must show: commit, command with exit code, URL, …"),
  role: text("Who does it: a role with an inbox of its own.", 100).optional(),
  lease: duration("How long one agent holds it without a sign.").optional(),
  deadline: duration("How long it may take in all.").optional(),
  on_deadline: z.enum(["fail", "escalate", "continue"]).optional().describe("What happens then."),
  max_attempts: count("After so many refused results a person looks at it.", 1, 20).optional(),
};

const event = text("Name of an event that is waited for.", 200);

/** Fields of each type besides the common ones. */
export const STEP_SHAPES = {
  condition: z.strictObject({
    ...commonFields,
    if: expression("Which branch is taken."),
    then: steps("Where it is true."),
    else: steps("Where it is false.").optional(),
  }),
  set_state: z.strictObject({ ...commonFields, updates: templates("Fields of the state (`a.b` too) and their new values, in order.") }),
  foreach: z.strictObject({
    ...commonFields,
    items: expression("The list."),
    as: name("Name of the item in expressions.").optional(),
    steps: steps("What is done with each item.").optional(),
    task: text("A task of this definition that is done with each item.", 200).optional(),
    with: templates("Inputs of the task; they see `item`, `index` and `total`.").optional(),
    agent: text("Role of the sub-agents that do it, as `@reviewer`.", 100).optional(),
    max_parallel: count("How many at once.", 1, 50).optional(),
    limit: count("How many items at most.", 1, 1_000).optional(),
    on_item_error: z.enum(["stop", "collect"]).optional().describe("Whether the others go on where one fails."),
  }),
  return: z.strictObject({ ...commonFields, value: template("What the workflow or task gives.").optional() }),
  shell: z.strictObject({
    ...commonFields,
    ...programFields,
    argv: programFields.argv.optional(),
    command: text("A shell text that the agent runs on its side; it may hold no expression.").optional(),
    runs_on: runsOn,
  }),
  mcp_call: z.strictObject({ ...commonFields, ...toolFields, runs_on: runsOn }),
  prompt: z.strictObject({
    ...commonFields,
    ...agentWork,
    prompt_type: z.enum(["task", "info", "confirm", "text", "choice"]).optional().describe("What kind of answer is wanted."),
    options: z.array(z.string().min(1)).min(2, "at least two").max(50, "at most 50").optional().describe("The answers of a choice."),
  }),
  wait: z.strictObject({
    ...commonFields,
    for: durationTemplate("How long.").optional(),
    event: event.optional(),
    until: z
      .strictObject({
        ...callFields,
        holds_when: expression("What must hold; sees `probe`."),
        every: duration("How often to look.").optional(),
        hold: durationTemplate("How long it must hold.").optional(),
        within: duration("How long to wait for it."),
      })
      .refine(hasOneCall, CALL_KINDS)
      .optional()
      .describe("Waits until what is seen holds."),
    message: templateText("Why.", 1_000).optional(),
  }),
  delegate: z.strictObject({ ...commonFields, ...agentWork }),
  parallel: z.strictObject({
    ...commonFields,
    branches: z.record(z.string().regex(/^[a-z][a-z0-9_]{0,63}$/u), steps("A branch.")).describe("Branches by name; they run at once."),
    join: z
      .union([z.enum(["all", "any"]), count("So many.", 1, 50)], { error: "`all`, `any` or how many" })
      .optional()
      .describe("How many branches must finish; the others are cancelled then."),
    on_branch_error: z.enum(["stop", "collect"]).optional().describe("Whether the others go on where one fails."),
  }),
  switch: z.strictObject({
    ...commonFields,
    cases: z
      .array(z.strictObject({ when: expression("Whether this case is it."), steps: steps("What is done then.") }))
      .min(1, "at least one")
      .max(50, "at most 50")
      .describe("The first case that holds is taken."),
    else: steps("What is done where no case holds; may be empty."),
  }),
  loop: z.strictObject({
    ...commonFields,
    while: expression("Goes on while this holds."),
    max: count("How often at most.", 1, 1_000),
    steps: steps("What is repeated."),
  }),
  approval: z.strictObject({
    ...commonFields,
    subject: template("What the person is asked about.").optional(),
    bind: template("What is approved: a change of it voids the decision."),
    show: template("What else the person sees.").optional(),
    environment: template("Environment whose rules hold.").optional(),
    min: count("How many must agree.", 1, 10).optional(),
    wait_at_most: duration("How long to wait for the decision.").optional(),
    on_timeout: z.enum(["reject", "continue"]).optional().describe("What nobody's answer means."),
    on_reject: z
      .union([z.literal("decline"), steps("What is done instead.")], { error: "`decline` or a list of steps" })
      .optional()
      .describe("What happens when it is rejected; the run ends as declined where nothing is said."),
  }),
  ask: z.strictObject({
    ...commonFields,
    question: templateText("What a person is asked.", 4_000),
    result: jsonSchema("A flat form: texts, numbers, booleans, choices."),
    wait_at_most: duration("How long to wait for the answer.").optional(),
    default: template("The answer where nobody gives one.").optional(),
  }),
  check: z.strictObject({
    ...commonFields,
    that: expression("What must hold; sees `probe` where there is one."),
    probe: probe.optional(),
    say: text("What it means where it does not.", 1_000).optional(),
    on_fail: z.enum(["fail", "warn"]).optional().describe("Whether the run goes on where it does not hold."),
  }),
  workflow: z.strictObject({
    ...commonFields,
    workflow: workflowId.describe("Id of the other workflow."),
    inputs: templates("Its inputs.").optional(),
  }),
  fail: z.strictObject({ ...commonFields, message: template("Why."), code: text("A code for programs.", 100).optional() }),
} as const satisfies Record<StepType, z.ZodObject>;

export type Shape<Type extends StepType> = z.output<(typeof STEP_SHAPES)[Type]>;
