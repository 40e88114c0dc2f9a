import type { Path } from "../definition/yaml-text.ts";
import { linearRegex } from "../expression/index.ts";
import type { Importing } from "./importing.ts";

// Inputs as the source writes them: type, required, default, description, validation{…}.

const TYPES = new Set(["string", "number", "integer", "boolean", "array", "object"]);
const BOUNDS: Readonly<Record<string, string>> = {
  min_length: "minLength",
  max_length: "maxLength",
  enum: "enum",
  min: "minimum",
  max: "maximum",
  min_items: "minItems",
  max_items: "maxItems",
  required_keys: "required",
};

/** A map of inputs as a JSON Schema of an object. */
export function inputsOf(written: unknown, path: Path, importing: Importing): Record<string, unknown> {
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  if (written !== undefined && written !== null && !isMap(written))
    importing.error("INVALID_TYPE", path, "`inputs` must be a map of names.");
  for (const [name, facts] of Object.entries(isMap(written) ? written : {})) {
    const at = [...path, name];
    if (isMap(facts)) {
      properties[name] = schemaOf(facts, at, importing);
      if (facts["required"] === true && facts["default"] === undefined) required.push(name);
    } else if (typeof facts === "string" && TYPES.has(facts)) properties[name] = { type: facts };
    else importing.error("INVALID_TYPE", at, `The input \`${name}\` must be a map with \`type\`.`);
  }
  return { type: "object", additionalProperties: false, ...(required.length === 0 ? {} : { required }), properties };
}

function schemaOf(facts: Readonly<Record<string, unknown>>, path: Path, importing: Importing): Record<string, unknown> {
  const schema: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(facts)) {
    if (key === "type") schema["type"] = typeOf(value, [...path, key], importing);
    else if (key === "description" || key === "default") schema[key] = value;
    else if (key === "validation") Object.assign(schema, validationOf(value, [...path, key], importing));
    else if (Object.hasOwn(BOUNDS, key) || key === "pattern") Object.assign(schema, validationOf({ [key]: value }, path, importing));
    else if (key !== "required") importing.warning("UNKNOWN_FIELD", [...path, key], `\`${key}\` of an input is left out.`);
  }
  return schema;
}

/** `validation` of an input or a prompt as keywords of JSON Schema. */
export function validationOf(written: unknown, path: Path, importing: Importing): Record<string, unknown> {
  const schema: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(isMap(written) ? written : {})) {
    const at = [...path, key];
    const keyword = Object.hasOwn(BOUNDS, key) ? BOUNDS[key] : undefined;
    if (keyword !== undefined) schema[keyword] = value;
    else if (key === "pattern") Object.assign(schema, patternOf(value, at, importing));
    else if (key === "item_type") schema["items"] = { type: typeOf(value, at, importing) };
    else if (key === "properties" && isMap(value)) {
      schema["properties"] = Object.fromEntries(
        Object.entries(value).map(([name, facts]) => [
          name,
          isMap(facts) ? schemaOf(facts, [...at, name], importing) : { type: typeOf(facts, [...at, name], importing) },
        ]),
      );
    } else importing.warning("UNKNOWN_FIELD", at, `\`${key}\` of a validation is left out.`);
  }
  return schema;
}

function typeOf(value: unknown, path: Path, importing: Importing): string {
  if (typeof value === "string" && TYPES.has(value)) return value;
  importing.error("INVALID_TYPE", path, `The type must be one of: ${[...TYPES].join(", ")}.`);
  return "string";
}

function patternOf(value: unknown, path: Path, importing: Importing): Record<string, unknown> {
  try {
    linearRegex(String(value));
    return { pattern: String(value) };
  } catch {
    importing.error(
      "INVALID_TYPE",
      path,
      "The pattern is none that runs in linear time (RE2): look-aheads and back-references are not read.",
    );
    return {};
  }
}

/** True for a map of names. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
