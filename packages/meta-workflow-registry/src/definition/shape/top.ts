import { z } from "zod";
import { count, duration, jsonSchema, name, steps, template, templates, templateText, text, workflowId } from "./atoms.ts";
import { retry } from "./steps.ts";

const VERSION = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/u;

/** Inputs as a JSON Schema of an object, or shorter: each name with its schema, or with the name of its type. */
const inputs = z
  .record(z.string(), z.unknown())
  .describe("What the workflow is given: a JSON Schema of an object, or each name with its schema or the name of its type.");

const task = z
  .strictObject({
    description: text("What it is for.", 2_000).optional(),
    inputs: inputs.optional(),
    initial_state: templates("State at its start.").optional(),
    steps: steps("What is done; absent where `instructions` tell an agent to do it in one go.").optional(),
    output: template("What it gives.").optional(),
    instructions: templateText("What a sub-agent that does it is told besides.", 20_000).optional(),
  })
  .describe("A list of steps with inputs and state of its own.");

export const topShape = z.strictObject({
  schema: z.literal("meta-workflow/v1").optional().describe("Version of this format."),
  id: workflowId,
  code: z
    .string()
    .regex(/^[A-Z]{2,5}-\d{3,4}$/u, "as `MW-001`")
    .optional()
    .describe("Short code, as `MW-001`."),
  name: text("What people call it.", 120),
  description: text("What it is for.", 4_000).optional(),
  version: z
    .string()
    .regex(VERSION, "`major.minor.patch`, as `1.0.0`")
    .describe("Version, `major.minor.patch`; a change of the definition needs a new one."),
  status: z.enum(["draft", "active", "deprecated", "retired"]).optional().describe("Only active ones start without being asked to."),
  scope: z.enum(["universal", "team", "personal"]).optional().describe("Whose it is."),
  tags: z.array(z.string().min(1).max(60)).max(30).optional().describe("Words to find it by."),
  triggers: z
    .strictObject({
      phrases: z.array(z.string().min(1).max(200)).max(50).optional().describe("What people say who want it."),
      alerts: z.array(z.record(z.string(), z.string())).max(50).optional().describe("Labels of alerts that it answers."),
      not_this: z.record(z.string(), z.string()).optional().describe("A look-alike's id → what people say who want that one."),
    })
    .optional()
    .describe("How it is found."),
  disclosure: z.enum(["full", "outline", "current"]).optional().describe("How much of later steps an agent sees."),
  inputs: inputs.optional(),
  initial_state: templates("State at the start.").optional(),
  secrets: z.array(name("Name of a secret.")).max(50).optional().describe("Names of secrets; their values never enter the run's history."),
  locks: z
    .array(templateText("Name of a lock.", 300))
    .max(20)
    .optional()
    .describe("What no two runs may change at once. A run waits until it holds them all, and holds them until it ends."),
  risk: z.enum(["low", "medium", "high"]).optional().describe("How much harm a mistake does; by default as its steps' effects say."),
  defaults: z
    .strictObject({
      timeout: duration("How long one try of a call may take.").optional(),
      retry: retry.optional(),
      lease: duration("How long one agent holds an action without a sign.").optional(),
    })
    .optional()
    .describe("What holds for steps that say nothing."),
  tasks: z.record(z.string(), task).optional().describe("Tasks by name."),
  steps: steps("What is done."),
  finally: steps("What is done in any case at the end; it cannot fail the run.").optional(),
  output: template("What the workflow gives.").optional(),
  schemas: z
    .record(z.string(), jsonSchema("A JSON Schema."))
    .optional()
    .describe('JSON Schemas by name; `$ref: "#/schemas/<name>"` refers to one.'),
  budget: z
    .strictObject({ actions: count("How many actions.", 1, 10_000).optional(), wall_time: duration("How long in all.").optional() })
    .optional()
    .describe("Where a run stops for a person."),
});

export type Top = z.output<typeof topShape>;
export const taskShape = task;
export type TaskShape = z.output<typeof task>;
