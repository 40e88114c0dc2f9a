/** Bytes of a definition's text. */
export const MAX_TEXT_BYTES = 256 * 1024;
/** Steps of a definition, those in branches and tasks included. */
export const MAX_STEPS = 2_000;
/** Nesting of steps in steps. */
export const MAX_STEP_DEPTH = 16;
/** Problems that are told; more help nobody. */
export const MAX_PROBLEMS = 100;
/** What YAML aliases may unfold to. */
export const MAX_ALIASES = 100;
/** Depth of sub-workflows. */
export const MAX_WORKFLOW_DEPTH = 5;
/** Nesting of values. */
export const MAX_DEPTH = 64;
