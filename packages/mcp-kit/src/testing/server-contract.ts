import assert from "node:assert/strict";
import { firstSentence, listTool, type JsonObjectSchema } from "../catalog.ts";
import type { ServerDefinition } from "../server-definition.ts";
import type { Tool } from "../tool.ts";
import { CLIENTS, connect } from "./connect.ts";

/** What a server promises; each check runs alone. */
export interface ServerContract {
  readonly name: string;
  readonly check: () => Promise<void>;
}

/** Bounds that clients set or that keep a model's context small. */
const MAX_DESCRIPTION = 1000;
const MAX_INSTRUCTIONS = 1200;
const MAX_ARGUMENT_NAME = 64;
const MAX_LIST_BYTES_PER_TOOL = 4000;

/**
 * The contract that every server keeps, through clients of both SDK lines and eras. `make` gives a fresh definition.
 * Use: `for (const { name, check } of serverContract(make)) test(name, check)`.
 */
export function serverContract(make: () => ServerDefinition | Promise<ServerDefinition>): ServerContract[] {
  const definition = async (overrides: Partial<ServerDefinition> = {}): Promise<ServerDefinition> => ({ ...(await make()), ...overrides });
  return [
    { name: "every tool is described within the bounds of clients", check: async () => described(await definition()) },
    { name: "every input is strict and bounded", check: async () => (await definition()).tools.forEach(strictAndBounded) },
    { name: "read-only mode offers and runs reading tools only", check: async () => readOnly(await definition({ readOnly: true })) },
    { name: "a toolset that is not offered is neither listed nor run", check: async () => noToolset(await definition({ toolsets: [] })) },
    ...CLIENTS.flatMap((client) => [
      { name: `${client}: lists the tools in order, with their hints`, check: async () => listed(await definition(), client) },
      {
        name: `${client}: refuses an unknown argument of every tool by name`,
        check: async () => refusesUnknown(await definition(), client),
      },
      { name: `${client}: refuses an unknown tool`, check: async () => refusesUnknownTool(await definition(), client) },
    ]),
  ];
}

function described({ tools, instructions }: ServerDefinition): void {
  assert.ok(instructions.length <= MAX_INSTRUCTIONS, `instructions have ${instructions.length} characters, at most ${MAX_INSTRUCTIONS}`);
  for (const tool of tools) {
    assert.ok(
      tool.description.length <= MAX_DESCRIPTION,
      `${tool.name}: description has ${tool.description.length} characters, at most ${MAX_DESCRIPTION}`,
    );
    assert.ok(firstSentence(tool.description).length <= 200, `${tool.name}: the first sentence is longer than 200 characters`);
    const bytes = JSON.stringify(listTool(tool)).length;
    assert.ok(
      bytes <= MAX_LIST_BYTES_PER_TOOL,
      `${tool.name}: its entry in the list has ${bytes} bytes, at most ${MAX_LIST_BYTES_PER_TOOL}`,
    );
  }
}

/** Each object closed, each string and array bounded, no union at the root, names that every client takes. */
function strictAndBounded(tool: Tool): void {
  const { inputSchema } = listTool(tool);
  assert.equal(inputSchema.additionalProperties, false, `${tool.name}: input is not a strict object`);
  for (const keyword of ["anyOf", "oneOf", "allOf"])
    assert.equal(inputSchema[keyword], undefined, `${tool.name}: ${keyword} at the root of its input`);
  for (const name of Object.keys(inputSchema.properties ?? {})) assert.match(name, /^[A-Za-z0-9_.-]+$/, `${tool.name}: argument ${name}`);
  walk(inputSchema, tool.name);
}

function walk(node: unknown, at: string): void {
  if (typeof node !== "object" || node === null) return;
  const schema = node as JsonObjectSchema & {
    items?: unknown;
    maxLength?: number;
    maxItems?: number;
    enum?: unknown;
    const?: unknown;
    pattern?: string;
    format?: string;
  };
  const type = schema.type as string | undefined;
  if (type === "string" && schema.enum === undefined && schema.const === undefined)
    assert.ok(schema.maxLength !== undefined, `${at}: a string without maxLength`);
  if (type === "array") assert.ok(schema.maxItems !== undefined, `${at}: an array without maxItems`);
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    assert.ok(name.length <= MAX_ARGUMENT_NAME, `${at}.${name}: longer than ${MAX_ARGUMENT_NAME} characters`);
    walk(inner, `${at}.${name}`);
  }
  walk(schema.items, `${at}[]`);
  if (typeof schema.additionalProperties === "object") walk(schema.additionalProperties, `${at}.*`);
  for (const keyword of ["anyOf", "oneOf", "allOf"]) for (const inner of (schema[keyword] as unknown[] | undefined) ?? []) walk(inner, at);
}

async function readOnly(definition: ServerDefinition): Promise<void> {
  await using client = await connect(definition);
  const reading = definition.tools.filter((tool) => tool.effect === "read").map((tool) => tool.name);
  assert.deepEqual(
    (await client.listTools()).map((tool) => tool.name),
    reading,
  );
  for (const tool of definition.tools.filter((each) => each.effect !== "read")) {
    const answer = await client.call(tool.name, {});
    assert.equal(answer.data.error?.code, "read_only", `${tool.name} was not refused in read-only mode: ${answer.text}`);
  }
}

async function noToolset(definition: ServerDefinition): Promise<void> {
  await using client = await connect(definition);
  assert.deepEqual(await client.listTools(), []);
  for (const tool of definition.tools) assert.equal((await client.call(tool.name, {})).data.error?.code, "not_allowed", tool.name);
}

async function listed(definition: ServerDefinition, make: (typeof CLIENTS)[number]): Promise<void> {
  await using client = await connect(definition, { make });
  const tools = await client.listTools();
  assert.deepEqual(
    tools.map((tool) => tool.name),
    definition.tools.map((tool) => tool.name),
  );
  for (const [index, tool] of tools.entries())
    assert.deepEqual({ ...tool.annotations }, listTool(definition.tools[index]!).annotations, tool.name);
  assert.equal(client.instructions, definition.instructions);
}

async function refusesUnknown(definition: ServerDefinition, make: (typeof CLIENTS)[number]): Promise<void> {
  await using client = await connect(definition, { make });
  for (const tool of definition.tools) {
    const answer = await client.call(tool.name, { no_such_argument: 1 });
    assert.equal(answer.isError, true, `${tool.name} took an unknown argument`);
    assert.equal(answer.data.error?.code, "invalid_input", `${tool.name}: ${answer.text}`);
    assert.match(answer.text, /no_such_argument/, tool.name);
    const hostile = await client.call(tool.name, JSON.parse('{"__proto__":{"x":1}}'));
    assert.match(hostile.text, /__proto__/, `${tool.name} took __proto__`);
  }
}

async function refusesUnknownTool(definition: ServerDefinition, make: (typeof CLIENTS)[number]): Promise<void> {
  await using client = await connect(definition, { make });
  const answer = await client.call("no_such_tool", {});
  assert.equal(answer.protocolError?.code, -32602, answer.text);
}
