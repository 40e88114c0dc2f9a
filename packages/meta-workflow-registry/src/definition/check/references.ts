import { BUILT_IN, type Reference, type ValueType } from "../../expression/index.ts";
import type { DefinitionCode } from "../codes.ts";
import type { JsonSchema } from "../definition.ts";
import { suggestionFor } from "../problem-list.ts";
import { followPath } from "./schema-paths.ts";
import { outputSchemaOf } from "./step-output.ts";
import type { Checking, View } from "./view.ts";

/** Something that an expression reads: its type, or what is wrong with reading it. */
export interface Read {
  readonly type: ValueType;
  readonly problem?: { readonly code: DefinitionCode; readonly message: string; readonly suggestion?: string };
}

const DYN: Read = { type: "dyn" };
const STEP_FIELDS = ["output", "status", "error"];
const RUN_FIELDS = ["id", "started_at"];

function problem(code: DefinitionCode, message: string, suggestion?: string): Read {
  return { type: "dyn", problem: suggestion === undefined ? { code, message } : { code, message, suggestion } };
}

/** What a reference reads in a view; `guarded` are steps of which the same expression asks whether they ran. */
export function readReference({ path, optional }: Reference, view: View, checking: Checking, guarded: ReadonlySet<string>): Read {
  const [root = "", ...rest] = path;
  if (view.also.includes(root))
    return root === "result" && view.result !== undefined ? inSchema("result", view.result, rest, checking) : DYN;
  if (view.scope.variables.has(root) || BUILT_IN.has(root)) return DYN;
  switch (root) {
    case "inputs":
      return inSchema("inputs", view.scope.inputs, rest, checking);
    case "state":
      return readState(rest, view);
    case "steps":
      return readStep(rest, optional, view, checking, guarded);
    case "run":
      return rest[0] === undefined || RUN_FIELDS.includes(rest[0])
        ? { type: rest.length === 1 ? "string" : "dyn" }
        : problem("WF101", `\`run\` has no \`${rest[0]}\`.`, suggestionFor(rest[0], RUN_FIELDS));
    case "secrets":
      return readSecret(rest, view, checking);
    case "env":
      return DYN;
    default: {
      const known = ["inputs", "state", "steps", "run", ...view.also, ...view.scope.variables];
      return problem("UNDEFINED_REFERENCE", `\`${root}\` is not known here.`, suggestionFor(root, known));
    }
  }
}

function inSchema(what: string, schema: JsonSchema, path: readonly string[], { definition }: Checking): Read {
  const found = followPath(schema, path, definition.schemas);
  if ("type" in found) return { type: found.type };
  const owner = [what, ...path.slice(0, found.at)].join(".");
  const code = what === "inputs" && found.at === 0 ? "UNDEFINED_REFERENCE" : "WF101";
  return problem(code, `\`${owner}\` has no \`${found.missing}\`.`, suggestionFor(found.missing, found.fields));
}

function readState([field]: readonly string[], { scope, needs }: View): Read {
  if (field === undefined) return { type: "map" };
  if (!scope.state.has(field))
    return problem("UNDEFINED_REFERENCE", `Nothing sets \`state.${field}\`.`, suggestionFor(field, [...scope.state]));
  if (needs !== undefined && !needs.includes(field))
    return problem("WF105", `\`state.${field}\` is not in the step's \`needs_state\`.`, `Add \`${field}\` to \`needs_state\`.`);
  return DYN;
}

function readSecret([name]: readonly string[], { secrets }: View, { definition }: Checking): Read {
  if (name === undefined) return problem("WF111", "`secrets` as a whole cannot be read.");
  if (!definition.secrets.includes(name))
    return problem("UNDEFINED_REFERENCE", `The secret \`${name}\` is not declared.`, suggestionFor(name, definition.secrets));
  return secrets ? { type: "string" } : problem("WF111", `The secret \`${name}\` may stand in \`env\` and \`args\` only.`);
}

function readStep(
  [id, field, ...rest]: readonly string[],
  optional: boolean,
  { scope, ran }: View,
  checking: Checking,
  guarded: ReadonlySet<string>,
): Read {
  if (id === undefined) return { type: "map" };
  const step = scope.steps.get(id);
  if (step === undefined)
    return problem("UNDEFINED_REFERENCE", `There is no step \`${id}\` here.`, suggestionFor(id, [...scope.steps.keys()]));
  if (checking.sources.get(step)?.broken === true) return DYN;
  if (field !== undefined && !STEP_FIELDS.includes(field)) {
    return problem(
      "WF101",
      `A step has no \`${field}\`.`,
      `${suggestionFor(field, STEP_FIELDS)} What a step gives is in \`steps.${id}.output\`.`,
    );
  }
  const certainty = ran.of(id);
  const isAsked = optional || guarded.has(id) || scope.assumed.has(id);
  if (certainty === undefined && !optional)
    return problem("WF103", `The step \`${id}\` has not run when this is read.`, "Read it in a later step.");
  const isThere = certainty === "sure" || (certainty === "passed" && (field === "status" || field === "error"));
  if (certainty !== undefined && !isThere && !isAsked) {
    const read = ["steps", id, field, ...rest].filter((part) => part !== undefined).join(".");
    return problem(
      "WF103",
      `The step \`${id}\` may not have run when this is read.`,
      `Write \`default(${read}, …)\`, or ask \`has(steps.${id})\` before.`,
    );
  }
  if (field === "status") return { type: "string" };
  if (field !== "output") return DYN;
  const schema = outputSchemaOf(step);
  const found = inSchema(`steps.${id}.output`, schema, rest, checking);
  // What may be absent or null has no type to rely on.
  return certainty !== "sure" && found.problem === undefined ? DYN : found;
}
