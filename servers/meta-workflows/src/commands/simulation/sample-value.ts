import type { Json, JsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import { validateValue } from "@platform-ops/meta-workflow-registry/validate-value";

const DEEPEST = 12;

/**
 * A small value that fits a JSON Schema, the same for the same schema; all fields are there, also those that need not be. `turn`
 * takes another of several choices. Undefined where none was found.
 */
export function sampleValue(schema: JsonSchema, turn = 0): Json | undefined {
  const value = valueOf(schema, turn, "value", DEEPEST);
  return validateValue(schema, value).length === 0 ? value : undefined;
}

function valueOf(schema: unknown, turn: number, name: string, depth: number): Json {
  if (typeof schema !== "object" || schema === null || depth === 0) return {};
  const facts = schema as Readonly<Record<string, Json>>;
  if (facts["const"] !== undefined) return facts["const"];
  const choices = facts["enum"];
  if (Array.isArray(choices) && choices.length > 0) return choices[turn % choices.length] as Json;
  if (facts["default"] !== undefined) return facts["default"];
  const [example] = Array.isArray(facts["examples"]) ? (facts["examples"] as readonly Json[]) : [];
  if (example !== undefined) return example;
  for (const way of ["oneOf", "anyOf"]) {
    const ways = facts[way];
    if (Array.isArray(ways) && ways.length > 0) return valueOf(ways[turn % ways.length], turn, name, depth - 1);
  }
  const type = Array.isArray(facts["type"]) ? (facts["type"] as readonly Json[])[0] : facts["type"];
  if (type === "string") return textOf(facts, name);
  if (type === "integer" || type === "number") return numberOf(facts);
  if (type === "boolean") return turn % 2 === 0;
  if (type === "null") return null;
  if (type === "array") return listOf(facts, turn, name, depth);
  const properties = (facts["properties"] ?? {}) as Readonly<Record<string, Json>>;
  return Object.fromEntries(Object.entries(properties).map(([field, of]) => [field, valueOf(of, turn, field, depth - 1)]));
}

function listOf(facts: Readonly<Record<string, Json>>, turn: number, name: string, depth: number): Json {
  const least = Math.max(typeof facts["minItems"] === "number" ? facts["minItems"] : 0, facts["maxItems"] === 0 ? 0 : 1);
  return Array.from({ length: Math.min(least, 100) }, (_, at) => valueOf(facts["items"] ?? { type: "string" }, turn + at, name, depth - 1));
}

function numberOf(facts: Readonly<Record<string, Json>>): number {
  const at = (field: string): number | undefined => (typeof facts[field] === "number" ? facts[field] : undefined);
  const least = at("minimum") ?? (at("exclusiveMinimum") === undefined ? undefined : at("exclusiveMinimum")! + 1);
  const most = at("maximum") ?? (at("exclusiveMaximum") === undefined ? undefined : at("exclusiveMaximum")! - 1);
  return least ?? Math.min(0, most ?? 0);
}

/** Texts that the usual patterns of names, versions, durations and hashes take. */
const COMMON = [
  "example",
  "ab",
  "Example",
  "1",
  "1.0.0",
  "30m",
  "owner/name",
  "0123456789abcdef0123456789abcdef01234567",
  "a_b",
  "A-1",
  "2026-01-05",
];
const FORMATS: Readonly<Record<string, string>> = {
  date: "2026-01-05",
  "date-time": "2026-01-05T09:00:00Z",
  email: "someone@example.com",
  uri: "https://example.com/",
};

function textOf(facts: Readonly<Record<string, Json>>, name: string): string {
  const format = facts["format"];
  const named = name.replaceAll(/[^A-Za-z0-9]+/g, " ").trim();
  const wanted = [...(typeof format === "string" ? [FORMATS[format] ?? ""] : []), `Example of ${named}.`, named, ...COMMON];
  const schema = facts as JsonSchema;
  const fitting = (text: string): string => {
    const least = typeof facts["minLength"] === "number" ? facts["minLength"] : 0;
    const most = typeof facts["maxLength"] === "number" ? facts["maxLength"] : 10_000;
    return text.padEnd(Math.min(least, 10_000), facts["pattern"] === undefined ? "." : "a").slice(0, most);
  };
  return wanted.map(fitting).find((text) => text !== "" && validateValue(schema, text).length === 0) ?? fitting("example");
}
