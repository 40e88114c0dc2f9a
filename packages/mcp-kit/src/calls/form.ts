import type { FormField, FormSchema } from "../tool.ts";

/**
 * Every way in which an answer's content does not fit its form. No client checks what it sends, so we do.
 * Names fields, never repeats values.
 */
export function formProblems(schema: FormSchema, content: Readonly<Record<string, unknown>> | undefined): string[] {
  const given = content ?? {};
  const unknown = Object.keys(given)
    .filter((key) => !Object.hasOwn(schema.properties, key))
    .map((key) => `unknown field ${JSON.stringify(key.slice(0, 40))}`);
  const missing = (schema.required ?? []).filter((key) => !Object.hasOwn(given, key)).map((key) => `${key} is missing`);
  const wrong = Object.entries(schema.properties).flatMap(([key, field]) =>
    Object.hasOwn(given, key) ? fieldProblem(key, field, given[key]) : [],
  );
  return [...unknown, ...missing, ...wrong];
}

function fieldProblem(key: string, field: FormField, value: unknown): string[] {
  if (field.type === "boolean") return typeof value === "boolean" ? [] : [`${key} must be true or false`];
  if (field.type === "string") {
    if (typeof value !== "string") return [`${key} must be a string`];
    if (field.enum && !field.enum.includes(value)) return [`${key} must be one of ${field.enum.join(", ")}`];
    if (value.length < (field.minLength ?? 0) || value.length > (field.maxLength ?? 2000)) return [`${key} is too short or too long`];
    return [];
  }
  if (typeof value !== "number" || !Number.isFinite(value) || (field.type === "integer" && !Number.isInteger(value)))
    return [`${key} must be ${field.type === "integer" ? "an integer" : "a number"}`];
  return value < (field.minimum ?? -Infinity) || value > (field.maximum ?? Infinity) ? [`${key} is out of bounds`] : [];
}
