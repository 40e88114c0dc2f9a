import { STEP_TYPES, type Step, type StepType } from "./definition.ts";
import { MAX_STEP_DEPTH, MAX_STEPS } from "./limits.ts";
import { normalStep, type Children } from "./normal-step.ts";
import { addIssues, suggestionFor } from "./problem-list.ts";
import type { Reading } from "./reading.ts";
import { FIELD_ALIASES, TYPE_ALIASES } from "./shape/aliases.ts";
import { commonFields, STEP_SHAPES } from "./shape/steps.ts";
import type { Path } from "./yaml-text.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a list of steps; each wrong step is told about by itself, and the rest is read on. */
export function readSteps(raw: unknown, path: Path, reading: Reading, depth = 0): Step[] {
  if (!Array.isArray(raw)) {
    const what = raw === undefined || raw === null ? "is missing" : "must be a list of steps";
    reading.problems.add(
      raw === undefined || raw === null ? "MISSING_REQUIRED_FIELD" : "INVALID_TYPE",
      path,
      `\`${String(path.at(-1))}\` ${what}.`,
    );
    return [];
  }
  if (depth > MAX_STEP_DEPTH) {
    reading.problems.add("TOO_LARGE", path, `Steps are nested over ${MAX_STEP_DEPTH} levels.`, {
      suggestion: "Move the inner steps into a task or a workflow of their own.",
    });
    return [];
  }
  const steps: Step[] = [];
  for (const [index, item] of raw.entries()) {
    reading.steps++;
    if (reading.steps > MAX_STEPS) {
      if (reading.steps === MAX_STEPS + 1) {
        reading.problems.add("TOO_LARGE", path, `The definition has over ${MAX_STEPS} steps.`, {
          suggestion: "Split it into workflows that call each other.",
        });
      }
      break;
    }
    steps.push(readStep(item, [...path, index], reading, depth));
  }
  return steps;
}

function readStep(raw: unknown, path: Path, reading: Reading, depth: number): Step {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
    reading.problems.add("INVALID_TYPE", path, "A step must be a map with `id` and `type`.");
    return brokenStep(undefined, path, reading);
  }
  const type = typeOf(raw as Fields, path, reading);
  if (type === undefined) return brokenStep((raw as Fields).id, path, reading);
  const { fields, written } = withoutAliases(raw as Fields, FIELD_ALIASES[type], path, reading);
  const children = readChildren(fields, written, path, reading, depth);
  const parsed = STEP_SHAPES[type].safeParse(fields, { reportInput: true });
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({
      ...issue,
      path: issue.path.map((part, at) => (at === 0 ? (written[String(part)] ?? part) : part)),
    }));
    const accepted = acceptedFields(type);
    addIssues(reading.problems, issues, path, accepted);
    return brokenStep(fields.id, path, reading);
  }
  const line = reading.problems.line(path);
  const step = normalStep(type, parsed.data as never, children, reading.defaults, line);
  reading.sources.set(step, { path, written, broken: false });
  if ("no_compensation" in fields) reading.excused.add(step);
  return step;
}

/** Fields of a type: its own first. */
function acceptedFields(type: StepType): string[] {
  const fields = [...Object.keys(STEP_SHAPES[type].shape), ...Object.keys(FIELD_ALIASES[type])];
  return [...fields.filter((field) => !(field in commonFields)), ...fields.filter((field) => field in commonFields)];
}

function typeOf(raw: Fields, path: Path, reading: Reading): StepType | undefined {
  const written = raw.type;
  const types: readonly string[] = STEP_TYPES;
  if (typeof written === "string" && types.includes(written)) return written as StepType;
  if (typeof written === "string" && Object.hasOwn(TYPE_ALIASES, written)) return TYPE_ALIASES[written];
  if (written === undefined) {
    reading.problems.add("MISSING_REQUIRED_FIELD", [...path, "type"], "`type` is missing.", { suggestion: suggestionFor("", STEP_TYPES) });
  } else {
    const shown = typeof written === "string" ? `\`${written.slice(0, 60)}\`` : "This";
    const suggestion = suggestionFor(String(written), [...STEP_TYPES, ...Object.keys(TYPE_ALIASES)]);
    reading.problems.add("UNKNOWN_STEP_TYPE", [...path, "type"], `${shown} is no type of step.`, { suggestion });
  }
  return undefined;
}

/** Fields under their own names; two names of one field at once are a problem. */
export function withoutAliases(
  raw: Fields,
  aliases: Readonly<Record<string, string>>,
  path: Path,
  reading: Pick<Reading, "problems">,
): { fields: Fields; written: Record<string, string> } {
  const written: Record<string, string> = {};
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(raw)) {
    if (key === "type") continue;
    const field = Object.hasOwn(aliases, key) ? (aliases[key] ?? key) : key;
    if (Object.hasOwn(written, field)) {
      reading.problems.add("UNKNOWN_FIELD", [...path, key], `\`${key}\` and \`${written[field]}\` are the same field.`, {
        key: true,
        suggestion: `Keep \`${field}\`.`,
      });
    } else {
      written[field] = key;
      entries.push([field, value]);
    }
  }
  return { fields: Object.fromEntries(entries), written };
}

function readChildren(fields: Fields, written: Readonly<Record<string, string>>, path: Path, reading: Reading, depth: number): Children {
  const children = new Map<string, readonly Step[]>();
  const read = (key: string, value: unknown, where: Path): void => {
    if (Array.isArray(value)) children.set(key, readSteps(value, where, reading, depth + 1));
  };
  for (const field of ["then", "else", "steps", "on_error", "on_reject"]) read(field, fields[field], [...path, written[field] ?? field]);
  const { branches, cases } = fields;
  if (typeof branches === "object" && branches !== null && !Array.isArray(branches)) {
    for (const [name, steps] of Object.entries(branches)) read(`branches.${name}`, steps, [...path, "branches", name]);
  }
  if (Array.isArray(cases)) {
    for (const [index, one] of cases.entries())
      read(`cases.${index}.steps`, (one as { steps?: unknown } | null)?.steps, [...path, "cases", index, "steps"]);
  }
  return children;
}

/** Stands where a step could not be read, so that what refers to its id is not told to be wrong. */
function brokenStep(id: unknown, path: Path, reading: Reading): Step {
  const step = normalStep("check", { id: typeof id === "string" ? id : "", that: "true" }, new Map(), reading.defaults, undefined);
  reading.sources.set(step, { path, written: {}, broken: true });
  return step;
}
