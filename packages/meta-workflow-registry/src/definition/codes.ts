import type { Problem } from "../problem.ts";

interface Code {
  readonly severity: Problem["severity"];
  readonly title: string;
}

const error = (title: string): Code => ({ severity: "error", title });
const warning = (title: string): Code => ({ severity: "warning", title });

/** Every code that the reading and checking of definitions may give. The first seven are those of the source. */
export const DEFINITION_CODES = {
  MISSING_REQUIRED_FIELD: error("A field that must be there is not"),
  INVALID_NAME_FORMAT: error("An id or name is not spelt as it must be"),
  INVALID_VERSION_FORMAT: error("A version is not `major.minor.patch`"),
  UNKNOWN_STEP_TYPE: error("A step's type is not one of the table"),
  UNDEFINED_REFERENCE: error("Something is named that does not exist"),
  CIRCULAR_DEPENDENCY: error("Tasks or workflows call each other in a circle"),
  YAML_PARSE_ERROR: error("The text is not YAML"),
  UNKNOWN_FIELD: error("A field is not known"),
  INVALID_TYPE: error("A value is of another type than it must be"),
  INVALID_VALUE: error("A value is not among those that are accepted"),
  INVALID_EXPRESSION: error("An expression cannot be read"),
  INVALID_SCHEMA: error("A JSON Schema is none, or is slow or reaches out"),
  DUPLICATE_ID: error("Two steps bear the same id"),
  TOO_LARGE: error("The definition is over its bounds"),
  WF101: error("An expression names a field that the step, input or state does not have"),
  WF102: error("A condition is not true or false"),
  WF103: error("An expression reads what a step leaves that may not have run"),
  WF104: warning("A division of integers drops the rest"),
  WF105: error("A step reads state that its `needs_state` does not name"),
  WF106: error("Operands or arguments of an expression do not fit"),
  WF110: error("`${{ }}` stands in a shell text"),
  WF111: error("A secret is used elsewhere than alone in a field of `env` or `args`"),
  WF120: error("A destructive step has no approval that guards it"),
  WF121: warning("A step that must not run twice has no `reconcile`"),
  WF122: warning("A step that writes says neither how it is undone nor why it cannot be"),
  WF123: error("A `guard` is no approval that was decided before"),
  WF130: error("An approval does not say what it binds"),
  WF131: warning("An approval does not say what happens when nobody decides"),
  WF140: error("A loop or list has no bound"),
  WF142: warning("Steps after a `return` or `fail` never run"),
  WF150: warning("Two workflows answer to nearly the same words"),
  WF151: error("A workflow that is named as a look-alike does not exist"),
  WF160: warning("A capability is not bound"),
  WF170: warning("Instructions are too long, or vague about when they are done"),
  WF180: error("The definition changed and its version did not"),
  WF200: error("An expression uses a function whose time has no bound"),
} as const satisfies Record<string, Code>;

export type DefinitionCode = keyof typeof DEFINITION_CODES;
