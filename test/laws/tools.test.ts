import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { defineTool, hintsOf, listTool, type Tool } from "@platform-ops/mcp-kit";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ROOT } from "./repository.ts";
import { unboundedParts } from "./schema-bounds.ts";

const SERVERS = readdirSync(join(ROOT, "servers"));
const NAME = /^[a-z]+(_[a-z0-9]+)*$/;
const LONGEST_DESCRIPTION = 1000;

interface ToolFile {
  readonly path: string;
  readonly tools: readonly Tool[];
}

const isTool = (value: unknown): value is Tool => typeof value === "object" && value !== null && "effect" in value && "run" in value;

async function toolFiles(server: string): Promise<ToolFile[]> {
  const folder = join(ROOT, "servers", server, "src/tools");
  const names = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts") && name !== "index.ts");
  return Promise.all(
    names.map(async (name) => ({
      path: name,
      tools: Object.values((await import(pathToFileURL(join(folder, name)).href)) as object).filter(isTool),
    })),
  );
}

async function listedTools(server: string): Promise<readonly Tool[]> {
  return ((await import(pathToFileURL(join(ROOT, "servers", server, "src/tools/index.ts")).href)) as { tools: readonly Tool[] }).tools;
}

/** Kept as they are spelt there, though they do more: who gets a step holds it. */
const NAMES_OF_THE_SOURCE = new Set(["get_next_step"]);

/** What is wrong with one tool as a value, all at once. */
function faultsOf(tool: Tool): string[] {
  const { name, description, effect, input } = tool;
  const hints = hintsOf(tool);
  return [
    ...(NAME.test(name) && name.length <= 40 ? [] : [`the name ${name} is not a verb and an object in snake_case`]),
    ...(description.length <= LONGEST_DESCRIPTION ? [] : [`its description has ${description.length} characters`]),
    ...(/^[A-Z].*[.!?]$/s.test(description) ? [] : ["its description is not made of sentences"]),
    ...(hints.readOnlyHint === (effect === "read") && (hints.destructiveHint ?? false) === (effect === "destroy")
      ? []
      : ["its hints do not follow from its effect"]),
    ...(/^(get|list|show|plan|check|diagnose)_/.test(name) && effect !== "read" && !NAMES_OF_THE_SOURCE.has(name)
      ? [`${name} promises to read, its effect is ${effect}`]
      : []),
    ...unboundedParts(listTool({ ...tool, input }).inputSchema),
  ];
}

const faultsOfFile = ({ path, tools }: ToolFile): string[] => {
  // A file of shared parameters holds no tool and is named as any other file.
  if (tools.length === 0) return path.includes("_") ? [`${path} holds no tool`] : [];
  return tools.length === 1 && tools[0]?.name === basename(path, ".ts")
    ? []
    : [`${path} holds ${tools.map((tool) => tool.name).join(", ")}`];
};

describe.each(SERVERS)("%s", (server) => {
  it("Law 2: one tool a file, which bears its name; every one is listed", async () => {
    const files = await toolFiles(server);
    expect(files.flatMap(faultsOfFile)).toEqual([]);
    const listed = await listedTools(server);
    expect(listed.map((tool) => tool.name).toSorted()).toEqual(files.flatMap((file) => file.tools.map((tool) => tool.name)).toSorted());
  });

  it("Laws 2 and 5: names, descriptions and hints; input schemas are strict and bounded", async () => {
    const faults = (await listedTools(server)).flatMap((tool) => faultsOf(tool).map((fault) => `${tool.name}: ${fault}`));
    expect(faults).toEqual([]);
  });
});

describe("the laws of tools can fail", () => {
  const good = defineTool({
    name: "get_x",
    title: "X",
    description: "Gets x.",
    effect: "read",
    toolset: "t",
    input: z.strictObject({ id: z.string().max(9) }),
    run: async () => ({ text: "", data: {} }),
  });

  it.each([
    ["a name", { name: "getX" }],
    ["a name that promises less than the effect", { effect: "write" as const }],
    ["a long description", { description: `${"a".repeat(1000)}.` }],
    ["a description that is no sentence", { description: "gets x" }],
    ["a loose object", { input: z.object({ id: z.string().max(9) }) }],
    ["an unbounded string", { input: z.strictObject({ id: z.string() }) }],
    ["an unbounded array", { input: z.strictObject({ ids: z.array(z.string().max(9)) }) }],
    ["a loose object inside an array", { input: z.strictObject({ ids: z.array(z.looseObject({})).max(3) }) }],
  ])("%s", (_, change) => {
    expect(faultsOf(good as Tool)).toEqual([]);
    expect(faultsOf({ ...good, ...change } as Tool)).not.toEqual([]);
  });

  it("a file with another name", () => {
    expect(faultsOfFile({ path: "get_y.ts", tools: [good as Tool] })).toEqual(["get_y.ts holds get_x"]);
    expect(faultsOfFile({ path: "get_x.ts", tools: [good as Tool] })).toEqual([]);
  });
});
