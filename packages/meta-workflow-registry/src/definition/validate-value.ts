import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { canonicalJson } from "../expression/canonical-json.ts";
import { linearRegex } from "../expression/regex.ts";
import type { Json, JsonSchema } from "./definition.ts";

// Values against JSON Schemas (2020-12). May be loaded in workflow code: no files, no network, and patterns linear in time.

/** What is wrong with a value, and where in it. */
export interface ValueProblem {
  /** `$.findings[0].file` */
  readonly path: string;
  /** A whole sentence, with the path. */
  readonly message: string;
  /** The schema's keyword: `required`, `enum`, `pattern`, … */
  readonly keyword: string;
}

/** Problems of one value that are told. */
const MAX_TOLD = 20;
const MAX_KEPT = 500;

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "^\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})$",
  date: "^\\d{4}-\\d{2}-\\d{2}$",
  time: "^\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?([Zz]|[+-]\\d{2}:\\d{2})?$",
  email: "^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$",
  uri: "^[A-Za-z][A-Za-z0-9+.-]*:\\S+$",
  uuid: "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$",
};

function linear(pattern: string): { test(text: string): boolean; toString(): string } {
  const regex = linearRegex(pattern);
  return { test: (text) => regex.matcher(text).find(), toString: () => `/${pattern}/linear` };
}

const ajv = new Ajv2020({
  allErrors: true,
  strict: false,
  addUsedSchema: false,
  validateSchema: false,
  logger: false,
  code: { regExp: Object.assign(linear, { code: "linear" }) },
  formats: Object.fromEntries(
    Object.entries(FORMATS).map(([name, pattern]) => [name, (text: string) => linearRegex(pattern).matcher(text).find()]),
  ),
});

const byObject = new WeakMap<object, ValidateFunction>();
const byText = new Map<string, ValidateFunction>();

function compiled(schema: JsonSchema): ValidateFunction {
  const known = byObject.get(schema);
  if (known !== undefined) return known;
  const text = canonicalJson(schema);
  let validate = byText.get(text);
  if (validate === undefined) {
    validate = ajv.compile(schema);
    ajv.removeSchema(schema);
    if (byText.size >= MAX_KEPT) byText.clear();
    byText.set(text, validate);
  }
  byObject.set(schema, validate);
  return validate;
}

/** What is wrong with a value by a schema, in sentences; empty where it fits. */
export function problemsOf(schema: JsonSchema, value: unknown): readonly string[] {
  return validateValue(schema, value).map(({ message }) => message);
}

/** What is wrong with a value by a schema, the first twenty; empty where it fits. A schema that cannot be used is a problem too. */
export function validateValue(schema: JsonSchema, value: unknown): readonly ValueProblem[] {
  let validate: ValidateFunction;
  try {
    validate = compiled(schema);
  } catch (error) {
    return [
      { path: "$", message: `The schema cannot be used: ${error instanceof Error ? error.message : String(error)}`, keyword: "$schema" },
    ];
  }
  if (validate(value)) return [];
  const errors = (validate.errors ?? []).filter(({ keyword }) => keyword !== "if");
  return errors.slice(0, MAX_TOLD).map((error) => problem(error));
}

/** What keeps a schema from being one, by JSON Schema's own schema; undefined where nothing does. */
export function schemaFailure(schema: JsonSchema): string | undefined {
  if (ajv.validateSchema(schema) === true) return undefined;
  const [first] = ajv.errors ?? [];
  return first === undefined ? "it is no JSON Schema" : problem(first).message;
}

function problem(error: ErrorObject): ValueProblem {
  const path = pathOf(error.instancePath);
  const { keyword, params } = error as { keyword: string; params: Record<string, unknown> };
  return { path, keyword, message: sentence(path, keyword, params, error.message ?? "does not fit") };
}

function sentence(path: string, keyword: string, params: Readonly<Record<string, unknown>>, message: string): string {
  switch (keyword) {
    case "required":
      return `\`${path}.${String(params.missingProperty)}\` is missing.`;
    case "additionalProperties":
      return `\`${path}.${String(params.additionalProperty)}\` is not a field here.`;
    case "unevaluatedProperties":
      return `\`${path}.${String(params.unevaluatedProperty)}\` is not a field here.`;
    case "enum":
      return `\`${path}\` must be one of: ${shorten(JSON.stringify(params.allowedValues).slice(1, -1))}.`;
    case "const":
      return `\`${path}\` must be ${shorten(JSON.stringify(params.allowedValue))}.`;
    default:
      return `\`${path}\` ${shorten(message)}.`;
  }
}

const shorten = (text: string): string => (text.length > 200 ? `${text.slice(0, 199)}…` : text);

function pathOf(pointer: string): string {
  const parts = pointer.split("/").slice(1);
  return `$${parts.map((part) => (/^\d+$/u.test(part) ? `[${part}]` : `.${part.replaceAll("~1", "/").replaceAll("~0", "~")}`)).join("")}`;
}

/** A value with the defaults of its schema's properties filled in, all levels of objects. The value given is left as it is. */
export function withDefaults(schema: JsonSchema, value: Json): Json {
  const { properties } = schema;
  if (!isMap(properties) || !isMap(value)) return value;
  const filled: Record<string, Json> = { ...value };
  for (const [name, field] of Object.entries(properties)) {
    if (!isMap(field)) continue;
    if (!Object.hasOwn(filled, name)) {
      if (field.default !== undefined) define(filled, name, field.default);
    } else define(filled, name, withDefaults(field, filled[name] ?? null));
  }
  return filled;
}

const define = (target: object, name: string, value: Json): void => {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
};

const isMap = (value: unknown): value is { readonly [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);
