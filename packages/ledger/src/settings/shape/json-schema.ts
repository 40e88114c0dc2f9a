import type { Shape } from "./shape.ts";

/** JSON Schema (2020-12) of a shape, for editors and documents. Checks that it has no words for are left out. */
export function jsonSchemaOf(shape: Shape): object {
  return { ...(shape.description === undefined ? {} : { description: shape.description }), ...schemaOf(shape) };
}

function schemaOf(shape: Shape): object {
  switch (shape.kind) {
    case "text":
      return {
        type: "string",
        ...given({ minLength: shape.min, maxLength: shape.max, format: shape.format, pattern: shape.pattern?.source }),
      };
    case "choice":
      return { type: "string", enum: shape.words };
    case "number":
      return { type: shape.isWhole ? "integer" : "number", minimum: shape.min, maximum: shape.max };
    case "truth":
      return { type: "boolean" };
    case "list":
      return { ...given({ minItems: shape.min, maxItems: shape.max }), type: "array", items: jsonSchemaOf(shape.of) };
    case "table": {
      const values = jsonSchemaOf(shape.values);
      const additionalProperties = shape.isValueOptional ? { anyOf: [values, { type: "null" }] } : values;
      return { type: "object", propertyNames: jsonSchemaOf(shape.keys), additionalProperties };
    }
    case "map": {
      const fields = Object.entries(shape.fields);
      const required = fields.flatMap(([name, { isOptional }]) => (isOptional === true ? [] : [name]));
      return {
        type: "object",
        properties: Object.fromEntries(fields.map(([name, field]) => [name, jsonSchemaOf(field)])),
        ...(required.length > 0 && { required }),
        additionalProperties: false,
      };
    }
    case "either":
      return { anyOf: shape.forms.map(jsonSchemaOf) };
  }
}

const given = (words: Readonly<Record<string, unknown>>): object =>
  Object.fromEntries(Object.entries(words).filter(([, word]) => word !== undefined));
