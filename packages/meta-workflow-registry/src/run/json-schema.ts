import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { Json, JsonSchema } from "../definition/definition.ts";
import { canonicalJson, linearRegex } from "../expression/index.ts";

const KEPT = 500;
const MOST = 20;

let ajv: Ajv2020 | undefined;
const kept = new Map<string, ValidateFunction>();

/**
 * What of a value does not fit a JSON Schema (2020-12), each as `/pointer message`; empty where it fits. Patterns take linear time.
 * A schema that cannot be read fits nothing, and says why.
 */
export function schemaProblems(schema: JsonSchema, value: Json): readonly string[] {
  try {
    const validate = compiled(schema);
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, MOST).map(problemText);
  } catch (error) {
    return [`The schema cannot be used: ${error instanceof Error ? error.message : "unknown"}`];
  }
}

function compiled(schema: JsonSchema): ValidateFunction {
  const key = canonicalJson(schema);
  const known = kept.get(key);
  if (known !== undefined) return known;
  ajv ??= newAjv();
  const validate = ajv.compile(schema);
  if (kept.size >= KEPT) {
    kept.clear();
    ajv = undefined;
  }
  kept.set(key, validate);
  return validate;
}

function newAjv(): Ajv2020 {
  const linear = (pattern: string): { test(text: string): boolean } => ({ test: (text) => linearRegex(pattern).matcher(text).find() });
  const regExp = Object.assign(linear, { code: "linear" });
  return new Ajv2020({ strict: false, allErrors: true, validateFormats: false, addUsedSchema: false, code: { regExp } });
}

function problemText({ instancePath, message, params, keyword }: ErrorObject): string {
  const allowed = keyword === "enum" ? `: ${JSON.stringify((params as { allowedValues?: unknown }).allowedValues)}` : "";
  const extra = keyword === "additionalProperties" ? `: ${String((params as { additionalProperty?: unknown }).additionalProperty)}` : "";
  return `${instancePath === "" ? "/" : instancePath} ${message ?? "does not fit"}${allowed}${extra}`;
}
