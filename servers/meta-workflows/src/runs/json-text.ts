import { OpsError } from "@platform-ops/errors";
import { hostileInput } from "@platform-ops/mcp-kit";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";

/**
 * The JSON in a text that an argument holds; undefined where it is none. What no argument may hold, no text in one may either.
 * @throws OpsError invalid_input for keys of prototypes, and for what is nested too deeply or has too many elements
 */
export function readJsonText(text: string, argument: string): Json | undefined {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  const hostile = hostileInput({ [argument]: value });
  if (hostile === undefined) return value;
  throw new OpsError("invalid_input", `The JSON in the text cannot be taken: ${hostile.path}: ${hostile.message}.`, {
    hint: `Correct ${argument} and send it again.`,
  });
}
