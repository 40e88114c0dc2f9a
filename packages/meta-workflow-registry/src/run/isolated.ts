import type { Definition, Json, JsonSchema, Template } from "../definition/definition.ts";
import { StepFailure } from "./completion.ts";
import type { Frame } from "./frame.ts";
import type { Here } from "./here.ts";
import type { Walk } from "./walk.ts";

export interface IsolatedScope {
  readonly inputs: JsonSchema;
  readonly given: { readonly [name: string]: Json };
  readonly initial_state: { readonly [name: string]: Template };
  readonly definition: Definition;
  readonly deeper?: boolean;
}

/**
 * A frame with inputs and state of its own at the path of `here`: of a task or a sub-workflow. Where the run was carried on, its
 * inputs are those with which it began.
 *
 * @throws StepFailure inputs_invalid
 */
export function beginScope(walk: Walk, here: Here, what: IsolatedScope): Frame {
  const { path, frame } = here;
  const { scopes } = walk.journal;
  const { role } = frame;
  const inner: Frame = {
    key: path,
    scope: path,
    definition: what.definition,
    depth: frame.depth + (what.deeper === true ? 1 : 0),
    // An item of a loop is still to be seen; the steps around it are not.
    added: what.deeper === true ? {} : frame.added,
    ...(role === undefined ? {} : { role }),
  };
  if (scopes[path] !== undefined) return inner;
  const inputs = withDefaults(what.inputs, what.given);
  const problems = walk.ports.validate(what.inputs, inputs);
  if (problems.length > 0) throw new StepFailure("inputs_invalid", `The inputs of ${path} do not fit: ${problems[0]}`);
  walk.kept.check(inputs, "What it is given", path);
  scopes[path] = { inputs, state: {} };
  const state: { [name: string]: Json } = {};
  for (const [name, template] of Object.entries(what.initial_state)) state[name] = walk.fill(template, { ...here, frame: inner });
  walk.kept.check(state, "The state at its start", path);
  scopes[path] = { inputs, state };
  walk.kept.add(scopes[path], path);
  return inner;
}

/** The inputs with defaults of the schema's own properties where nothing is given. */
export function withDefaults(schema: JsonSchema, given: { readonly [name: string]: Json }): { readonly [name: string]: Json } {
  const { properties } = schema;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties)) return given;
  const defaults = Object.entries(properties as { readonly [name: string]: Json }).flatMap(([name, property]) =>
    typeof property === "object" && property !== null && !Array.isArray(property) && Object.hasOwn(property, "default")
      ? [[name, (property as { readonly default: Json }).default] as const]
      : [],
  );
  return { ...Object.fromEntries(defaults), ...given };
}
