import { OpsError } from "@platform-ops/errors";
import { digestOf } from "../expression/canonical-json.ts";
import type { Closure, Definition, Json } from "./definition.ts";
import { MAX_WORKFLOW_DEPTH } from "./limits.ts";
import { everyStep } from "./walk.ts";

/** Ids of the workflows that a definition calls. */
export function calledWorkflows(definition: Definition): ReadonlySet<string> {
  const called = new Set<string>();
  for (const step of everyStep(definition)) if (step.type === "workflow") called.add(step.workflow);
  return called;
}

/**
 * A definition with all that it calls, as a run receives it.
 * @param lookup definition by id; undefined where there is none
 * @throws OpsError `not_found` for a workflow that does not exist, `definition_invalid` for a circle or over five levels; the message names the way.
 */
export function closeOver(root: Definition, lookup: (id: string) => Definition | undefined): Closure {
  const definitions: Record<string, Definition> = {};
  const levels = new Map<string, number>();
  const visit = (definition: Definition, way: readonly string[]): number => {
    const here = [...way, definition.id];
    const named = here.join(" → ");
    if (way.includes(definition.id))
      throw new OpsError("definition_invalid", `CIRCULAR_DEPENDENCY: workflows call each other in a circle: ${named}.`);
    if (here.length > MAX_WORKFLOW_DEPTH) throw tooDeep(named);
    const known = levels.get(definition.id);
    if (known !== undefined) {
      if (way.length + known > MAX_WORKFLOW_DEPTH) throw tooDeep(`${named} → …`);
      return known;
    }
    let deepest = 0;
    for (const id of calledWorkflows(definition)) {
      const next = id === definition.id ? definition : lookup(id);
      if (next === undefined) throw new OpsError("not_found", `UNDEFINED_REFERENCE: workflow \`${id}\` does not exist; ${named} calls it.`);
      if (next.id !== id)
        throw new OpsError("definition_invalid", `UNDEFINED_REFERENCE: ${named} calls \`${id}\`, whose id is \`${next.id}\`.`);
      deepest = Math.max(deepest, visit(next, here));
    }
    definitions[definition.id] = definition;
    levels.set(definition.id, deepest + 1);
    return deepest + 1;
  };
  visit(root, []);
  return { root: root.id, definitions, digest: digestOfDefinitions(definitions) };
}

function tooDeep(way: string): OpsError {
  return new OpsError("definition_invalid", `TOO_LARGE: workflows call each other over ${MAX_WORKFLOW_DEPTH} levels deep: ${way}.`);
}

/** Digest of what definitions do: line numbers, and so comments and empty lines, do not count. */
export function digestOfDefinitions(definitions: Readonly<Record<string, Definition>>): string {
  return digestOf(withoutLines(definitions as unknown as Json));
}

function withoutLines(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutLines(item));
  if (value === null || typeof value !== "object") return value;
  const fields = value as Readonly<Record<string, Json>>;
  const isStep = typeof fields.line === "number" && typeof fields.id === "string" && typeof fields.type === "string";
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([key]) => !(isStep && key === "line"))
      .map(([key, field]) => [key, withoutLines(field)]),
  );
}
