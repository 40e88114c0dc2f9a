import type { Json } from "../../definition/definition.ts";
import { digestOf } from "../../expression/canonical-json.ts";

/**
 * The digest by which a result that is sent again is known: the same for the same outcome and value, whatever the white space and
 * the order of keys, and whether the value came as itself or as the text of its JSON. Only objects and lists are looked for in a
 * text: "7" and 7 are two results.
 */
export function resultDigest(outcome: string, result: Json): string {
  if (typeof result === "string" && /^\s*[{[]/.test(result)) {
    try {
      return digestOf({ outcome, result: JSON.parse(result) as Json });
    } catch {
      // No JSON, or none that has a canonical text: what was sent is a text, and is compared as one.
    }
  }
  return digestOf({ outcome, result });
}
