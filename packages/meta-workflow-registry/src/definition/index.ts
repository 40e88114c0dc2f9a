// Definitions of workflows as text: YAML → normal form, or problems with their places.
export { calledWorkflows, closeOver, digestOfDefinitions } from "./closure.ts";
export { DEFINITION_CODES, type DefinitionCode } from "./codes.ts";
export type * from "./definition.ts";
export { STEP_TYPES } from "./definition.ts";
export { definitionJsonSchema } from "./json-schema.ts";
export { capabilitiesOf, lintDefinitions, type Linted, type LintOptions } from "./lint-definitions.ts";
export { parseDefinition } from "./parse-definition.ts";
export { problemsOf, validateValue, withDefaults, type ValueProblem } from "./validate-value.ts";
export { everyStep, stepLists, stepsIn } from "./walk.ts";
