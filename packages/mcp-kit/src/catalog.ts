import { z } from "zod";
import { hintsOf, metaOf, type Hints } from "./hints.ts";
import { prepare, type ServerDefinition } from "./server-definition.ts";
import type { Tool } from "./tool.ts";

/** One entry of `tools/list`, as plain JSON. */
export interface ListedTool {
  readonly name: string;
  /** Absent where it is the name in words. */
  readonly title?: string;
  readonly description: string;
  readonly inputSchema: JsonObjectSchema;
  readonly outputSchema?: JsonObjectSchema;
  readonly annotations: Hints;
  readonly _meta?: Record<string, unknown>;
}

export interface JsonObjectSchema {
  readonly type: "object";
  readonly properties?: Record<string, object>;
  readonly [keyword: string]: unknown;
}

const listed = new WeakMap<Tool, ListedTool>();

/** The JSON of `tools/list` for a definition: the offered tools, in the order of the definition. */
export function listTools(definition: ServerDefinition): ListedTool[] {
  return [...prepare(definition).offered.values()].map(listTool);
}

/** One tool as clients see it. Made once per tool; JSON Schema 2020-12, the protocol's default dialect. */
export function listTool(tool: Tool): ListedTool {
  const existing = listed.get(tool);
  if (existing) return existing;
  const meta = metaOf(tool);
  const made: ListedTool = {
    name: tool.name,
    ...(isNameInWords(tool) ? {} : { title: tool.title }),
    description: tool.description,
    inputSchema: jsonSchema(tool.input, "input"),
    ...(tool.output && { outputSchema: promised(jsonSchema(tool.output, "output")) }),
    annotations: hintsOf(tool),
    ...(meta && { _meta: meta }),
  };
  listed.set(tool, made);
  return made;
}

/** A client that has no title shows the name. */
function isNameInWords({ name, title }: Tool): boolean {
  return title.toLowerCase() === name.replaceAll("_", " ");
}

function jsonSchema(schema: z.ZodObject, io: "input" | "output"): JsonObjectSchema {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io, unrepresentable: "any" }) as Record<string, unknown>;
  return { ...json, type: "object" };
}

/**
 * What an output schema promises on the wire: the types of fields, not that each is there and no other. The TypeScript
 * clients check structured content against it also when the call failed (`{error}`) or was cut (`truncated`).
 */
function promised(schema: JsonObjectSchema): JsonObjectSchema {
  const { required: _, additionalProperties: __, ...open } = schema;
  return openObjects(open) as JsonObjectSchema;
}

function openObjects(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(openObjects);
  if (typeof node !== "object" || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key, value]) => !(key === "additionalProperties" && value === false))
      .map(([key, value]) => [key, openObjects(value)]),
  );
}

/** The tools as a Markdown table for a README: name, effect, and the first sentence of the description. */
export function toolTable(tools: readonly Tool[]): string {
  const rows = tools.map((tool) => `| \`${tool.name}\` | ${tool.effect} | ${tool.toolset} | ${cell(firstSentence(tool.description))} |`);
  return ["| tool | effect | toolset | what it does |", "|---|---|---|---|", ...rows].join("\n");
}

/** The first sentence, with its period. */
export function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text.trim())?.[0] ?? text.trim();
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
