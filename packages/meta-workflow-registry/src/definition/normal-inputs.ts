import type { Json, JsonSchema } from "./definition.ts";

const TYPES: ReadonlySet<string> = new Set(["string", "number", "integer", "boolean", "array", "object"]);

/** Inputs as a JSON Schema of an object. Undefined where they are neither that nor names with schemas. */
export function normalInputs(written: Readonly<Record<string, unknown>> | undefined): JsonSchema | undefined {
  if (written === undefined) return { type: "object", additionalProperties: false, properties: {} };
  if (written.type === "object" && (typeof written.properties === "object" || Object.keys(written).length === 1)) {
    return { additionalProperties: false, properties: {}, ...written } as JsonSchema;
  }
  const properties: Record<string, Json> = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(written)) {
    if (typeof schema === "string" && TYPES.has(schema)) properties[name] = { type: schema };
    else if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) {
      const { required: isRequired, ...rest } = schema as Record<string, Json>;
      properties[name] = (typeof isRequired === "boolean" ? rest : schema) as Json;
      if (isRequired === false) continue;
    } else return undefined;
    if (!hasDefault(properties[name])) required.push(name);
  }
  return { type: "object", additionalProperties: false, ...(required.length > 0 ? { required } : {}), properties };
}

function hasDefault(schema: Json | undefined): boolean {
  return typeof schema === "object" && schema !== null && !Array.isArray(schema) && "default" in schema;
}
