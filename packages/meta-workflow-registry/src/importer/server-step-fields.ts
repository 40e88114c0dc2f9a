import type { Path } from "../definition/yaml-text.ts";
import { nearest, type Importing } from "./importing.ts";

const COMMON = ["id", "name", "type", "action", "description", "title", "when", "needs_state", "output_to", "timeout"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  condition: ["if", "then", "else"],
  set_state: ["updates"],
  foreach: ["items", "task", "steps", "agent", "sequential", "with", "inputs", "max_parallel"],
  return: ["value"],
  shell: ["command", "working_dir", "env"],
  mcp_call: ["tool", "parameters"],
  prompt: ["message", "prompt_type", "options", "validation"],
  wait: ["duration_seconds", "seconds", "message"],
  delegate: ["instructions", "agent"],
};
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  condition: ["if"],
  set_state: ["updates"],
  foreach: ["items"],
  return: ["value"],
  shell: ["command"],
  mcp_call: ["tool"],
  prompt: ["message"],
  delegate: ["instructions"],
};

/** The type of a step as it is written: `type`, or `action` as in the source's sample. */
export function typeOfStep(step: Readonly<Record<string, unknown>>): string | undefined {
  const type = step["type"] ?? step["action"];
  return typeof type === "string" ? type : undefined;
}

/** Which type a step is of, telling what is wrong with its fields; nothing where it is of none. */
export function checkFields(importing: Importing, step: Readonly<Record<string, unknown>>, path: Path): string | undefined {
  const type = typeOfStep(step);
  const fields = type === undefined || !Object.hasOwn(FIELDS, type) ? undefined : FIELDS[type];
  if (type === undefined || fields === undefined) {
    const message = type === undefined ? "The step has no `type`." : `There is no step type \`${type.slice(0, 60)}\`.`;
    importing.error("UNKNOWN_STEP_TYPE", type === undefined ? path : [...path, "type"], message, nearest(type ?? "", Object.keys(FIELDS)));
    return undefined;
  }
  if (step["type"] === undefined) importing.told([...path, "action"], "`action` is `type` here.");
  for (const key of Object.keys(step)) {
    if (!COMMON.includes(key) && !fields.includes(key)) {
      importing.warning("UNKNOWN_FIELD", [...path, key], `\`${key}\` of a ${type} step is left out.`, nearest(key, [...fields, ...COMMON]));
    }
  }
  for (const key of NEEDED[type] ?? []) {
    if (step[key] === undefined || step[key] === null) importing.error("MISSING_REQUIRED_FIELD", path, `A ${type} step needs \`${key}\`.`);
  }
  return type;
}
