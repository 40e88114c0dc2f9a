import { linearRegex } from "../../expression/index.ts";
import type { Json, JsonSchema, Step } from "../definition.ts";
import { suggestionFor } from "../problem-list.ts";
import { schemaFailure } from "../validate-value.ts";
import { everyStep } from "../walk.ts";
import type { Path } from "../yaml-text.ts";
import type { Checking } from "./view.ts";

// A definition's JSON Schemas are run on what agents submit: so none may reach out, go in circles, unfold without end, or hold a
// pattern that is slow.

/** Parts of a schema with all its references unfolded. */
const MAX_UNFOLDED = 5_000;

/** Checks every schema of a definition. */
export function checkSchemas(checking: Checking): void {
  const { definition, sources } = checking;
  const checked = new Set<JsonSchema>();
  const check = (schema: JsonSchema | undefined, path: Path): void => {
    if (schema === undefined || checked.has(schema)) return;
    checked.add(schema);
    checkSchema(schema, path, checking);
  };
  check(definition.inputs, ["inputs"]);
  for (const [name, schema] of Object.entries(definition.schemas)) check(schema, ["schemas", name]);
  for (const [name, task] of Object.entries(definition.tasks)) check(task.inputs, ["tasks", name, "inputs"]);
  for (const step of everyStep(definition)) {
    const source = sources.get(step);
    if (source?.broken === true) continue;
    const at = (field: string): Path => [...(source?.path ?? []), source?.written[field] ?? field];
    check(step.output, at("output"));
    if (hasResult(step)) check(step.result, at("result"));
  }
}

const hasResult = (step: Step): step is Extract<Step, { type: "prompt" | "delegate" | "ask" }> =>
  step.type === "prompt" || step.type === "delegate" || step.type === "ask";

function checkSchema(schema: JsonSchema, path: Path, { problems, definition }: Checking): void {
  const failure = schemaFailure(schema);
  if (failure !== undefined) {
    problems.add("INVALID_SCHEMA", path, `This is no JSON Schema: ${failure}`);
    return;
  }
  const isSound = checkParts(
    schema,
    path,
    (code, where, message, suggestion) => problems.add(code, where, message, { suggestion }),
    Object.keys(definition.schemas),
  );
  if (!isSound) return;
  const size = unfolded(schema, schema, new Map(), new Set());
  if (size === undefined)
    problems.add("INVALID_SCHEMA", path, "The schema refers to itself in a circle.", {
      suggestion: "Write its levels out, as many as are needed.",
    });
  else if (size > MAX_UNFOLDED) problems.add("INVALID_SCHEMA", path, `The schema unfolds to over ${MAX_UNFOLDED} parts.`);
}

type Tell = (code: "INVALID_SCHEMA" | "UNDEFINED_REFERENCE", path: Path, message: string, suggestion?: string) => void;

/** Keywords whose value is data. */
const DATA: ReadonlySet<string> = new Set(["const", "enum", "default", "examples", "required"]);

function checkParts(value: Json, path: Path, tell: Tell, names: readonly string[]): boolean {
  if (value === null || typeof value !== "object") return true;
  if (Array.isArray(value))
    return (value as readonly Json[]).map((item, index) => checkParts(item, [...path, index], tell, names)).every(Boolean);
  let isSound = true;
  const wrong: Tell = (...told) => {
    isSound = false;
    tell(...told);
  };
  const fields = value as JsonSchema;
  for (const [key, part] of Object.entries(fields)) {
    const at: Path = [...path, key];
    if (key === "$ref" && typeof part === "string") checkReference(part, at, wrong, names);
    else if (key === "pattern" && typeof part === "string") checkPattern(part, at, wrong);
    else if (key === "patternProperties" && isMap(part)) for (const pattern of Object.keys(part)) checkPattern(pattern, at, wrong);
    else if (key === "$id" || key === "$dynamicRef" || key === "$anchor") wrong("INVALID_SCHEMA", at, `\`${key}\` cannot be used here.`);
    else if (key === "uniqueItems" && part === true && !(typeof fields.maxItems === "number" && fields.maxItems <= 1_000)) {
      wrong("INVALID_SCHEMA", at, "`uniqueItems` needs `maxItems` of at most 1000.");
    }
    if (!DATA.has(key) && !checkParts(part, at, tell, names)) isSound = false;
  }
  return isSound;
}

function checkReference(reference: string, path: Path, tell: Tell, names: readonly string[]): void {
  const name = /^#\/schemas\/([^/]+)$/u.exec(reference)?.[1];
  if (name !== undefined) tell("UNDEFINED_REFERENCE", path, `There is no schema \`${name}\`.`, suggestionFor(name, names));
  else if (!/^#\/\$defs\/[^/]+$/u.test(reference))
    tell(
      "INVALID_SCHEMA",
      path,
      `\`${reference.slice(0, 100)}\` is not a schema of this definition.`,
      "Write `#/schemas/<name>` or `#/$defs/<name>`.",
    );
}

function checkPattern(pattern: string, path: Path, tell: Tell): void {
  try {
    linearRegex(pattern);
  } catch (error) {
    tell(
      "INVALID_SCHEMA",
      path,
      `The pattern cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      "Patterns are RE2: no look-around, no back-references.",
    );
  }
}

/** How many parts a schema has with its references unfolded; undefined for a circle. */
function unfolded(value: Json, root: JsonSchema, known: Map<object, number>, within: Set<object>): number | undefined {
  if (value === null || typeof value !== "object") return 0;
  const before = known.get(value);
  if (before !== undefined) return before;
  if (within.has(value)) return undefined;
  within.add(value);
  let size = 1;
  for (const [key, part] of Object.entries(value) as [string, Json][]) {
    if (DATA.has(key) || key === "$defs") continue;
    const target = key === "$ref" && typeof part === "string" && isMap(root.$defs) ? root.$defs[part.slice("#/$defs/".length)] : part;
    const inner = unfolded(target ?? null, root, known, within);
    if (inner === undefined) return undefined;
    size = Math.min(size + inner, MAX_UNFOLDED + 1);
  }
  within.delete(value);
  known.set(value, size);
  return size;
}

const isMap = (value: Json | undefined): value is JsonSchema => typeof value === "object" && value !== null && !Array.isArray(value);
