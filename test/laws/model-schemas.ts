import type { ListedTool } from "@platform-ops/mcp-kit";

// What the makers of models accept as a tool. A client hands our schemas on, and one that is not accepted takes the whole
// request with it, so that a person sees an error instead of an answer.

type Json = Readonly<Record<string, unknown>>;

/** One documented rule, with a tool that breaks it. */
export interface ModelRule {
  readonly maker: "Claude" | "OpenAI" | "Gemini";
  readonly rule: string;
  /** Where it is said, or where it was seen to be so. */
  readonly source: string;
  faults(tool: ListedTool): string[];
  /** What breaks it: parts of a tool that is otherwise right. */
  readonly broken: { readonly name?: string; readonly description?: string; readonly inputSchema?: Json };
}

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);

/** A part of a schema that is a schema itself, with the place where it stands. */
interface Part {
  readonly path: string;
  readonly schema: Json;
  readonly depth: number;
}

/** A schema and all schemas in it. */
function partsOf(schema: Json, path = "", depth = 0): Part[] {
  const below = (value: unknown, at: string): Part[] => (isObject(value) ? partsOf(value, at, depth + 1) : []);
  const named = ["properties", "$defs", "definitions", "patternProperties"].flatMap((word) =>
    Object.entries(isObject(schema[word]) ? schema[word] : {}).flatMap(([name, value]) => below(value, `${path}.${name}`)),
  );
  const single = ["items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains"].flatMap((word) =>
    below(schema[word], `${path}/${word}`),
  );
  const listed = ["anyOf", "oneOf", "allOf", "prefixItems"].flatMap((word) =>
    (Array.isArray(schema[word]) ? schema[word] : []).flatMap((value, at) => below(value, `${path}/${word}[${at}]`)),
  );
  return [{ path, schema, depth }, ...named, ...single, ...listed];
}

const inEveryPart =
  (fault: (part: Part) => string | undefined) =>
  ({ inputSchema }: ListedTool): string[] =>
    partsOf(inputSchema).flatMap((part) => {
      const found = fault(part);
      return found === undefined ? [] : [`${part.path || "the schema"}: ${found}`];
    });

const keysOf = (schema: unknown): string[] => (isObject(schema) ? Object.keys(schema) : []);
const textOf = (schema: Json, word: string): string => JSON.stringify(schema[word]);

const nameLike =
  (pattern: RegExp) =>
  ({ name }: ListedTool): string[] =>
    pattern.test(name) ? [] : [`the name ${name}`];

const without =
  (...words: readonly string[]) =>
  ({ inputSchema }: ListedTool): string[] =>
    words.filter((word) => word in inputSchema).map((word) => `${word} at the top`);

const DRAFT_2020_TYPES = ["string", "number", "integer", "boolean", "object", "array", "null"];
const object = (properties: Json, rest: Json = {}): Json => ({ type: "object", properties, ...rest });
const nested = (levels: number): Json => (levels === 0 ? { type: "string" } : object({ in: nested(levels - 1) }));

const ANTHROPIC_TOOLS = "Anthropic documentation: Tool use, Implement tool use, Specifying client tools";
const ANTHROPIC_SCHEMAS = "Anthropic documentation: Managed agents, schemas of custom tools";
const OPENAI_CALLING = "OpenAI documentation: Function calling";
const OPENAI_OUTPUTS = "OpenAI documentation: Structured outputs, Supported schemas";
const GEMINI_DECLARATION = "Gemini API reference: FunctionDeclaration";
const GEMINI_SCHEMA = "Gemini API reference: Schema";

/** Every rule that we know of. */
export const MODEL_RULES: readonly ModelRule[] = [
  {
    maker: "Claude",
    rule: "a name has at most 64 letters, digits, _ and -",
    source: ANTHROPIC_TOOLS,
    faults: nameLike(/^[a-zA-Z0-9_-]{1,64}$/),
    broken: { name: "get.it" },
  },
  {
    maker: "Claude",
    rule: "a client's whole name, mcp__server__tool, has at most 64 characters: the tool's own at most 40",
    source: "Claude Code and the agent SDKs name tools mcp__<server>__<tool>; the API's limit is that of names",
    faults: nameLike(/^.{1,40}$/),
    broken: { name: "a".repeat(41) },
  },
  {
    maker: "Claude",
    rule: "the schema is an object's, without oneOf, allOf, anyOf at the top",
    source: "the API's own refusal, as in github.com/anthropics/claude-code/issues/5973",
    faults: (tool) => [
      ...(tool.inputSchema.type === "object" ? [] : ["the schema is not that of an object"]),
      ...without("oneOf", "allOf", "anyOf")(tool),
    ],
    broken: { inputSchema: object({}, { anyOf: [{ required: ["a"] }] }) },
  },
  {
    maker: "Claude",
    rule: "names of properties have at most 64 letters, digits, _, . and -",
    source: ANTHROPIC_SCHEMAS,
    faults: inEveryPart(({ schema }) => keysOf(schema["properties"]).find((name) => !/^[a-zA-Z0-9_.-]{1,64}$/.test(name))),
    broken: { inputSchema: object({ in: object({ "Account Number": { type: "string" } }) }) },
  },
  {
    maker: "Claude",
    rule: "nothing is referred to: no $ref anywhere",
    source: ANTHROPIC_SCHEMAS,
    faults: inEveryPart(({ schema }) => ["$ref", "$dynamicRef", "$recursiveRef"].find((word) => word in schema)),
    broken: { inputSchema: object({ a: { $ref: "#/$defs/a" } }, { $defs: { a: { type: "string" } } }) },
  },
  {
    maker: "Claude",
    rule: "the words are those of JSON Schema 2020-12",
    source: "the API's own refusal: input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12",
    faults: inEveryPart(({ schema }) => {
      const { type, required, exclusiveMinimum, exclusiveMaximum, items } = schema;
      if (type !== undefined && !(typeof type === "string" && DRAFT_2020_TYPES.includes(type))) return `type ${textOf(schema, "type")}`;
      if (required !== undefined && !Array.isArray(required)) return "required is no list";
      if (typeof exclusiveMinimum === "boolean" || typeof exclusiveMaximum === "boolean") return "a bound of draft 4";
      return Array.isArray(items) ? "items is a list, as in draft 7" : undefined;
    }),
    broken: { inputSchema: object({ n: { type: "number", minimum: 0, exclusiveMinimum: true } }) },
  },
  {
    maker: "OpenAI",
    rule: "a name has at most 64 letters, digits, _ and -",
    source: OPENAI_CALLING,
    faults: nameLike(/^[a-zA-Z0-9_-]{1,64}$/),
    broken: { name: "a".repeat(65) },
  },
  {
    maker: "OpenAI",
    rule: "a description has at most 1,024 characters",
    source: "the API's own refusal: string too long, maximum length 1024",
    faults: ({ description }) => (description.length <= 1024 ? [] : [`a description of ${description.length} characters`]),
    broken: { description: "a".repeat(1025) },
  },
  {
    maker: "OpenAI",
    rule: "the schema is an object's, without oneOf, anyOf, allOf, enum, not at the top",
    source: "the API's own refusal, as in github.com/langchain-ai/langchainjs/issues/9804",
    faults: (tool) => [
      ...(tool.inputSchema.type === "object" ? [] : ["the schema is not that of an object"]),
      ...without("oneOf", "anyOf", "allOf", "enum", "not")(tool),
    ],
    broken: { inputSchema: object({}, { not: { required: ["a"] } }) },
  },
  {
    maker: "OpenAI",
    rule: "an object's schema has properties, even none",
    source: "the API's own refusal: object schema missing properties",
    faults: ({ inputSchema }) => (isObject(inputSchema.properties) ? [] : ["no properties at the top"]),
    broken: { inputSchema: { type: "object" } },
  },
  {
    maker: "OpenAI",
    rule: "an array says what it holds",
    source: "the API's own refusal, as in github.com/sigoden/aichat/pull/1049",
    faults: inEveryPart(({ schema }) => (schema["type"] === "array" && !isObject(schema["items"]) ? "an array of no items" : undefined)),
    broken: { inputSchema: object({ paths: { type: "array" } }) },
  },
  {
    maker: "OpenAI",
    rule: "at most 10 levels, 5,000 properties and 1,000 values of enums",
    source: OPENAI_OUTPUTS,
    faults: ({ inputSchema }) => {
      const parts = partsOf(inputSchema);
      const properties = parts.reduce((sum, { schema }) => sum + keysOf(schema["properties"]).length, 0);
      const values = parts.reduce((sum, { schema }) => sum + (Array.isArray(schema["enum"]) ? schema["enum"].length : 0), 0);
      return [
        ...(parts.some(({ depth }) => depth > 10) ? ["more than 10 levels"] : []),
        ...(properties > 5000 ? [`${properties} properties`] : []),
        ...(values > 1000 ? [`${values} values of enums`] : []),
      ];
    },
    broken: { inputSchema: nested(11) },
  },
  {
    maker: "Gemini",
    rule: "a name begins with a letter or _, and has at most 64 letters, digits, _, . and -",
    source: GEMINI_DECLARATION,
    faults: nameLike(/^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/),
    broken: { name: "1st" },
  },
  {
    maker: "Gemini",
    rule: "a text's format is enum or date-time, a number's float, double, int32 or int64",
    source: "the API's own refusal, as in github.com/google-gemini/gemini-cli/issues/3178",
    faults: inEveryPart(({ schema }) => {
      const { type, format } = schema;
      if (format === undefined) return undefined;
      const known = type === "string" ? ["enum", "date-time"] : type === "integer" ? ["int32", "int64"] : ["float", "double"];
      return known.includes(String(format)) ? undefined : `format ${String(format)}`;
    }),
    broken: { inputSchema: object({ url: { type: "string", format: "uri" } }) },
  },
  {
    maker: "Gemini",
    rule: "an enum is one of texts that are not empty, and says that it is of texts",
    source: "the API's own refusal: enum only allowed for STRING type, as in github.com/decolua/9router/pull/380",
    faults: inEveryPart(({ schema }) => {
      const values = schema["enum"];
      if (!Array.isArray(values)) return undefined;
      return schema["type"] === "string" && values.every((value) => typeof value === "string" && value !== "")
        ? undefined
        : `an enum ${textOf(schema, "enum")}`;
    }),
    broken: { inputSchema: object({ depth: { type: "integer", enum: [1, 2] } }) },
  },
  {
    maker: "Gemini",
    rule: "a type is one word, and a choice stands as anyOf",
    source: GEMINI_SCHEMA,
    faults: inEveryPart(({ schema }) => {
      if (Array.isArray(schema["type"])) return `type ${textOf(schema, "type")}`;
      return ["oneOf", "allOf", "not", "if", "const", "prefixItems", "patternProperties"].find((word) => word in schema);
    }),
    broken: { inputSchema: object({ a: { type: ["string", "null"] } }) },
  },
  {
    maker: "Gemini",
    rule: "what is required is among the properties",
    source: "the API's own refusal: required[0]: property is not defined",
    faults: inEveryPart(({ schema }) => {
      const required = Array.isArray(schema["required"]) ? schema["required"] : [];
      return required.find((name) => !keysOf(schema["properties"]).includes(String(name)));
    }),
    broken: { inputSchema: object({}, { required: ["a"] }) },
  },
];
