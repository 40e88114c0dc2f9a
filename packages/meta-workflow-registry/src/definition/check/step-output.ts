import type { JsonSchema, Step } from "../definition.ts";

/** What a step's output looks like, as far as the definition says. */
export function outputSchemaOf(step: Step): JsonSchema {
  switch (step.type) {
    case "prompt":
    case "delegate":
    case "ask":
      return step.result;
    case "foreach":
      return { type: "array" };
    case "check":
      return { type: "object", additionalProperties: false, properties: { passed: { type: "boolean" }, probe: {} } };
    default:
      return step.output ?? {};
  }
}
