import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { listTool, type ListedTool, type Tool } from "@platform-ops/mcp-kit";
import { describe, expect, it } from "vitest";
import { MODEL_RULES } from "./model-schemas.ts";
import { ROOT } from "./repository.ts";

const SERVERS = readdirSync(join(ROOT, "servers"));

async function toolsOf(server: string): Promise<readonly ListedTool[]> {
  const { tools } = (await import(pathToFileURL(join(ROOT, "servers", server, "src/tools/index.ts")).href)) as { tools: readonly Tool[] };
  return tools.map(listTool);
}

const right: ListedTool = {
  name: "get_it",
  description: "Gets it.",
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false },
  annotations: { readOnlyHint: true } as ListedTool["annotations"],
};

describe.each(MODEL_RULES)("$maker: $rule", ({ faults, broken }) => {
  it.each(SERVERS)("is kept by every tool of %s", async (server) => {
    const tools = await toolsOf(server);
    expect(tools.length).toBeGreaterThan(5);
    expect(tools.flatMap((tool) => faults(tool).map((fault) => `${tool.name}: ${fault}`))).toEqual([]);
  });

  it("finds what breaks it", () => {
    expect(faults(right)).toEqual([]);
    expect(faults({ ...right, ...broken } as ListedTool)).not.toEqual([]);
  });
});
