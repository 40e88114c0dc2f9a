import type { z } from "zod";
import type { Definition, Effects, JsonSchema, Risk, Task } from "./definition.ts";
import { normalInputs } from "./normal-inputs.ts";
import { normalRetry } from "./normal-step.ts";
import { addIssues, type ProblemList } from "./problem-list.ts";
import { readSteps, withoutAliases } from "./read-steps.ts";
import { defined, type Reading } from "./reading.ts";
import { standAlone } from "./schema-references.ts";
import { TOP_ALIASES } from "./shape/aliases.ts";
import { taskShape, topShape, type TaskShape, type Top } from "./shape/top.ts";
import { everyStep } from "./walk.ts";
import type { Path } from "./yaml-text.ts";

const DAY = 86_400_000;

/** A definition's normal form as far as it could be read; `complete` is false where a field of the top could not be. */
export interface ReadDefinition {
  readonly definition: Definition;
  readonly complete: boolean;
  readonly reading: Reading;
}

/** Reads what a YAML text holds. All problems are collected; steps are read even where the top has problems. */
export function readDefinition(value: unknown, problems: ProblemList): ReadDefinition | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    problems.add("INVALID_TYPE", [], "A definition must be a map with `id`, `name`, `version` and `steps`.");
    return undefined;
  }
  const { fields, written } = withoutAliases(value as Record<string, unknown>, TOP_ALIASES, [], { problems });
  const parsed = topShape.safeParse("type" in value ? { ...fields, type: value.type } : fields, { reportInput: true });
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({
      ...issue,
      path: issue.path.map((part, at) => (at === 0 ? (written[String(part)] ?? part) : part)),
    }));
    // Lists of steps are told about by their own reading.
    addIssues(
      problems,
      issues.filter((issue) => issue.path.at(-1) !== "steps"),
      [],
      Object.keys(topShape.shape),
    );
  }
  const top = parsed.success ? parsed.data : lenient(fields);
  const reading: Reading = { problems, sources: new Map(), excused: new Set(), steps: 0, defaults: defaultsOf(top) };
  const steps = readSteps(fields.steps, ["steps"], reading);
  if (Array.isArray(fields.steps) && fields.steps.length === 0) problems.add("MISSING_REQUIRED_FIELD", ["steps"], "`steps` is empty.");
  const definition: Definition = defined({
    schema: "meta-workflow/v1" as const,
    id: top.id,
    code: top.code,
    name: top.name,
    description: top.description,
    version: top.version,
    status: top.status ?? "draft",
    scope: top.scope ?? "universal",
    tags: top.tags ?? [],
    triggers: { phrases: top.triggers?.phrases ?? [], alerts: top.triggers?.alerts ?? [], not_this: top.triggers?.not_this ?? {} },
    disclosure: top.disclosure ?? "outline",
    inputs: inputsOf(top.inputs, ["inputs"], reading),
    initial_state: top.initial_state ?? {},
    secrets: top.secrets ?? [],
    locks: top.locks ?? [],
    risk: top.risk ?? "low",
    tasks: readTasks(fields.tasks, top, reading),
    steps,
    finally: fields.finally === undefined ? [] : readSteps(fields.finally, ["finally"], reading),
    output: top.output,
    schemas: Object.fromEntries(Object.entries(top.schemas ?? {}).map(([name, schema]) => [name, reading.defaults.standAlone(schema)])),
    budget: { actions: top.budget?.actions ?? 1_000, wall_time: top.budget?.wall_time ?? 30 * DAY },
    env: {},
  });
  const risk = top.risk ?? riskOf(definition);
  return { definition: { ...definition, risk }, complete: parsed.success, reading };
}

/** Enough of a top that has problems to read its steps by. */
function lenient(fields: Readonly<Record<string, unknown>>): Top {
  const kept: Record<string, unknown> = { id: "unknown", name: "unknown", version: "0.0.0", steps: [] };
  for (const [key, shape] of Object.entries(topShape.shape)) {
    const parsed = key in fields && key !== "tasks" ? (shape as z.ZodType).safeParse(fields[key]) : undefined;
    if (parsed?.success === true) kept[key] = parsed.data;
  }
  return kept as Top;
}

function defaultsOf({ defaults, schemas }: Top): Reading["defaults"] {
  const retry = defaults?.retry === undefined ? undefined : normalRetry(defaults.retry);
  return { timeout: defaults?.timeout, lease: defaults?.lease, retry, standAlone: standAlone(schemas ?? {}) };
}

function inputsOf(written: Readonly<Record<string, unknown>> | undefined, path: Path, { problems, defaults }: Reading): JsonSchema {
  const inputs = normalInputs(written);
  if (inputs !== undefined) return defaults.standAlone(inputs);
  problems.add("INVALID_SCHEMA", path, "`inputs` must be a JSON Schema of an object, or names with a schema or the name of a type each.");
  return { type: "object" };
}

function readTasks(written: unknown, top: Top, reading: Reading): Record<string, Task> {
  if (typeof written !== "object" || written === null || Array.isArray(written)) return {};
  const tasks: Record<string, Task> = {};
  for (const [name, raw] of Object.entries(written as Record<string, unknown>)) {
    const parsed = taskShape.safeParse(raw);
    const shape: TaskShape | undefined = top.tasks?.[name] ?? (parsed.success ? parsed.data : undefined);
    const path: Path = ["tasks", name];
    const written = (raw as { steps?: unknown } | null)?.steps;
    // A task that says only what is to be done is for one agent.
    const steps = written === undefined && shape?.instructions !== undefined ? [] : readSteps(written, [...path, "steps"], reading);
    tasks[name] = defined({
      inputs: inputsOf(shape?.inputs, [...path, "inputs"], reading),
      initial_state: shape?.initial_state ?? {},
      steps,
      output: shape?.output,
      instructions: shape?.instructions,
    });
  }
  return tasks;
}

const RISKS: Readonly<Record<Effects, Risk>> = { none: "low", read: "low", write: "medium", destructive: "high" };
const ORDER: readonly Risk[] = ["low", "medium", "high"];

function riskOf(definition: Definition): Risk {
  let risk: Risk = "low";
  for (const step of everyStep(definition)) {
    for (const one of [RISKS[step.effects], step.risk ?? "low"]) if (ORDER.indexOf(one) > ORDER.indexOf(risk)) risk = one;
  }
  return risk;
}
