import type { ValueType } from "../../expression/index.ts";
import type { Json, JsonSchema } from "../definition.ts";

/** What a schema says about a place in its values. */
export type Found =
  | { readonly type: ValueType }
  /** There is no such field; `at` is its index in the path. */
  | { readonly missing: string; readonly at: number; readonly fields: readonly string[] };

const DYN: Found = { type: "dyn" };
const UNSURE: readonly string[] = ["anyOf", "oneOf", "allOf", "if", "not", "patternProperties", "dependentSchemas"];

/** Follows a path of field names through a JSON Schema. Where the schema leaves it open, anything may be there. */
export function followPath(schema: JsonSchema, path: readonly string[], schemas: Readonly<Record<string, JsonSchema>>): Found {
  let at: JsonSchema = schema;
  for (const [index, name] of path.entries()) {
    const here = resolve(at, schema, schemas);
    if (here === undefined || UNSURE.some((keyword) => keyword in here)) return DYN;
    const { properties, additionalProperties, type } = here;
    if (type !== undefined && type !== "object")
      return typeof type === "string" && type !== "array" ? { missing: name, at: index, fields: [] } : DYN;
    if (!isMap(properties)) return DYN;
    const next = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (isMap(next)) at = next;
    else if (next !== undefined) return DYN;
    else if (additionalProperties === undefined || additionalProperties === false)
      return { missing: name, at: index, fields: Object.keys(properties) };
    else return DYN;
  }
  const leaf = resolve(at, schema, schemas);
  return leaf === undefined || UNSURE.some((keyword) => keyword in leaf) ? DYN : { type: typeOf(leaf) };
}

function resolve(schema: JsonSchema, root: JsonSchema, schemas: Readonly<Record<string, JsonSchema>>): JsonSchema | undefined {
  let at = schema;
  for (let hops = 0; hops < 20; hops++) {
    const { $ref } = at;
    if ($ref === undefined) return at;
    if (typeof $ref !== "string") return undefined;
    const [, where, name = ""] = /^#\/(schemas|\$defs)\/([^/]+)$/u.exec($ref) ?? [];
    const defs = root.$defs;
    const next: Json | undefined =
      where === "schemas"
        ? Object.hasOwn(schemas, name)
          ? schemas[name]
          : undefined
        : isMap(defs) && Object.hasOwn(defs, name)
          ? defs[name]
          : undefined;
    if (!isMap(next)) return undefined;
    at = next;
  }
  return undefined;
}

const TYPES: Readonly<Record<string, ValueType>> = {
  string: "string",
  number: "double",
  integer: "double",
  boolean: "bool",
  array: "list",
  object: "map",
};

function typeOf({ type, enum: values, const: only }: JsonSchema): ValueType {
  if (typeof type === "string") return TYPES[type] ?? "dyn";
  if (type !== undefined) return "dyn";
  const all = Array.isArray(values) ? (values as readonly Json[]) : only === undefined ? [] : [only];
  return all.length > 0 && all.every((value) => typeof value === "string") ? "string" : "dyn";
}

const isMap = (value: Json | undefined): value is JsonSchema => typeof value === "object" && value !== null && !Array.isArray(value);
