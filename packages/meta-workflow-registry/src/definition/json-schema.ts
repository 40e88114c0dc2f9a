import { z } from "zod";
import { STEP_TYPES, type StepType } from "./definition.ts";
import { FIELD_ALIASES, TOP_ALIASES, TYPE_ALIASES } from "./shape/aliases.ts";
import { isSteps } from "./shape/atoms.ts";
import { commonFields, STEP_SHAPES } from "./shape/steps.ts";
import { topShape } from "./shape/top.ts";

type Schema = Record<string, unknown>;

const STEPS = { $ref: "#/$defs/steps" };

/**
 * The format as one JSON Schema (2020-12), for editors: a modeline `# yaml-language-server: $schema=…` gives completion, help and
 * marks. It comes from the same shapes by which definitions are read. What a step may say depends on its type by `if` and `then`,
 * so that an editor tells about one wrong field and not about all types.
 */
export function definitionJsonSchema(): Schema {
  const $defs: Record<string, Schema> = { steps: { type: "array", items: { $ref: "#/$defs/step" } }, step: stepSchema() };
  const common = converted(z.strictObject(commonFields)).properties as Record<string, Schema>;
  for (const [field, schema] of Object.entries(common)) $defs[`field_${field}`] = schema;
  for (const type of STEP_TYPES) $defs[`step_${type}`] = shapeSchema(type, common);
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "https://platform-ops.invalid/schema/meta-workflow/v1.json",
    title: "Meta-workflow",
    description: "A runbook that people read and agents run.",
    ...withAliases(converted(topShape), TOP_ALIASES),
    $defs,
  };
}

function typeNames(type: StepType): string[] {
  return [type, ...Object.keys(TYPE_ALIASES).filter((alias) => TYPE_ALIASES[alias] === type)];
}

function stepSchema(): Schema {
  return {
    type: "object",
    required: ["id", "type"],
    properties: { type: { enum: STEP_TYPES.flatMap((type) => typeNames(type)), description: "What kind of step it is." } },
    allOf: STEP_TYPES.map((type) => ({
      if: { required: ["type"], properties: { type: { enum: typeNames(type) } } },
      then: { $ref: `#/$defs/step_${type}` },
    })),
  };
}

function shapeSchema(type: StepType, common: Readonly<Record<string, Schema>>): Schema {
  const own = converted(STEP_SHAPES[type]);
  const fields = Object.keys(own.properties as Schema).map((field): [string, unknown] => [
    field,
    Object.hasOwn(common, field) ? { $ref: `#/$defs/field_${field}` } : (own.properties as Schema)[field],
  ]);
  const schema = withAliases({ ...own, properties: Object.fromEntries(fields) }, FIELD_ALIASES[type]);
  return { ...schema, properties: { type: { enum: typeNames(type) }, ...(schema.properties as Schema) } };
}

function converted(shape: z.ZodType): Schema {
  const schema = z.toJSONSchema(shape, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      if (!isSteps(zodSchema)) return;
      const { description } = jsonSchema;
      for (const key of Object.keys(jsonSchema)) Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, STEPS, description === undefined ? {} : { description });
    },
  }) as Schema;
  delete schema.$schema;
  return schema;
}

/** Other names of fields stand beside them; where a field must be, one of its names must. */
function withAliases(schema: Schema, aliases: Readonly<Record<string, string>>): Schema {
  const properties = { ...(schema.properties as Schema) };
  const required = new Set((schema.required as string[] | undefined) ?? []);
  const oneOf = new Map<string, string[]>();
  for (const [alias, field] of Object.entries(aliases)) {
    if (properties[field] === undefined) continue;
    properties[alias] = { ...(properties[field] as Schema), description: `Another name of \`${field}\`.` };
    if (required.has(field)) oneOf.set(field, [...(oneOf.get(field) ?? [field]), alias]);
  }
  for (const field of oneOf.keys()) required.delete(field);
  const anyName = [...oneOf.values()].map((names) => ({ anyOf: names.map((name) => ({ required: [name] })) }));
  return {
    ...schema,
    properties,
    ...(required.size > 0 ? { required: [...required] } : {}),
    ...(anyName.length > 0 ? { allOf: anyName } : {}),
  };
}
