import type { Json, JsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import { validateValue } from "@platform-ops/meta-workflow-registry/run";

/** What is wrong with a value by a schema, in sentences; empty where it fits. */
export function problemsOf(schema: JsonSchema, value: Json): readonly string[] {
  return validateValue(schema, value).map(({ message }) => message);
}
