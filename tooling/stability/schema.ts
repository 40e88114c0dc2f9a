/** A JSON Schema as plain data. */
export type Schema = { readonly [keyword: string]: unknown };

/** What is said for readers only, and may change at any time. */
const WORDS = new Set(["description", "title", "examples", "$comment", "markdownDescription"]);

/** A schema without what is said for readers only. Properties of those names stay. */
export function bare(schema: object): Schema {
  return strip(JSON.parse(JSON.stringify(schema))) as Schema;
}

function strip(value: unknown, areNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item));
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key, inner]) => areNames || !WORDS.has(key) || typeof inner === "object");
  return Object.fromEntries(kept.map(([key, inner]) => [key, strip(inner, !areNames && (key === "properties" || key === "$defs"))]));
}
