import { code } from "./markers.ts";

/** As much of JSON Schema as ours use. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** What a value may be, in a few words. */
export function shapeOf(schema: Schema): string {
  const { type, $ref, const: only, anyOf, items } = schema;
  if ($ref?.endsWith("/steps")) return "steps";
  if ($ref?.endsWith("/step")) return "a step";
  if (only !== undefined) return code(only);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (anyOf !== undefined) return [...new Set(anyOf.map(shapeOf))].join(", or ");
  if (type === "array") return items === undefined ? "a list" : `a list: ${shapeOf(items)}`;
  if (type === "object") return objectOf(schema);
  return type === undefined ? "any value" : [type].flat().map(nounOf).join(" or ");
}

/** An object's keys, where they are few and known. */
function objectOf({ properties = {} }: Schema): string {
  const names = Object.keys(properties);
  return names.length === 0 ? "a map" : `${code(`{${names.join(", ")}}`)}`;
}

function nounOf(type: string): string {
  return type === "string" ? "a text" : type === "boolean" ? "true or false" : type === "integer" ? "a whole number" : `a ${type}`;
}
