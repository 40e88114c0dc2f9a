import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ERROR_CODES } from "@platform-ops/errors";
import { settingsJsonSchema, settingsTable } from "@platform-ops/ledger";
import { definitionJsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import { listTool, toolTable, type Tool } from "@platform-ops/mcp-kit";
import type { PackageFacts } from "../release/launch.ts";
import { publishedServers } from "../release/packages.mjs";
import { serverJson } from "../release/server-json.ts";
import { definitionParts } from "./definition.ts";
import { executorParts } from "./executors.ts";
import { code, markdownTable } from "./markers.ts";
import { shapeOf, type Schema } from "./schema-words.ts";

/** Everything that is generated: parts of pages by their name, and whole files by their path. */
export interface Generated {
  readonly parts: Map<string, string>;
  readonly files: Map<string, string>;
}

/** Reads tools, settings and error codes from where they are defined. */
export async function generate(root: string): Promise<Generated> {
  const parts = new Map([["settings", settings()], ["error-codes", errorCodes()], ...definitionParts(), ...(await executorParts(root))]);
  const brief: string[][] = [];
  const files = new Map([
    ["docs/reference/config.schema.json", json(settingsJsonSchema())],
    ["meta-workflows/schema/v1.json", json(definitionJsonSchema())],
  ]);
  for (const server of readdirSync(join(root, "servers"))) {
    const entry = join(root, "servers", server, "src/tools/index.ts");
    if (!existsSync(entry)) continue;
    const { tools } = (await import(pathToFileURL(entry).href)) as { tools: readonly Tool[] };
    parts.set(`tools-${server}`, toolTable(tools));
    brief.push(...toolsBrief(server, tools));
    parts.set(`tools-in-full-${server}`, tools.map(toolInFull).join("\n\n"));
    // The golden listing: its difference is the review of an interface that clients rely on.
    files.set(`servers/${server}/tools.snapshot.json`, json(tools.map(listTool)));
  }
  // The entries in the MCP registry: of the same version as the packages, by the same words.
  for (const { server, manifest } of publishedServers(root))
    files.set(`servers/${server}/server.json`, json(serverJson(server, manifest as PackageFacts)));
  parts.set("tools-brief", markdownTable(["server", "can", "by"], brief));
  return { parts, files };
}

function settings(): string {
  const rows = settingsTable().map((row) => [
    code(row.name),
    code(row.flag),
    row.env.map(code).join(" "),
    code(row.default),
    `${row.meaning}${row.policy ? " Policy: flag and environment only narrow it." : ""}`,
  ]);
  return markdownTable(["setting", "flag", "environment", "default", "meaning"], rows);
}

function errorCodes(): string {
  const rows = Object.entries(ERROR_CODES).map(([name, facts]) => [code(name), facts.meaning, facts.cure, facts.retryable ? "yes" : "no"]);
  return markdownTable(["code", "meaning", "cure", "the same call may succeed later"], rows);
}

/** A server's tools by what they can do to the world, a row each. */
function toolsBrief(server: string, tools: readonly Tool[]): string[][] {
  return (["read", "write", "destroy"] as const).flatMap((effect, index) => {
    const named = tools.filter((tool) => tool.effect === effect).map(({ name }) => code(name));
    return named.length === 0 ? [] : [[index === 0 ? `**${server}**` : "", EFFECTS[effect], named.join(", ")]];
  });
}

const EFFECTS = { read: "look", write: "change", destroy: "destroy" } as const;

function toolInFull(tool: Tool): string {
  const { inputSchema } = listTool(tool);
  const required = Array.isArray(inputSchema["required"]) ? inputSchema["required"] : [];
  const rows = Object.entries(inputSchema.properties ?? {}).map(([name, schema]) => {
    const { description, default: preset } = schema as { description?: string; default?: unknown };
    return [
      code(name),
      shapeOf(schema as Schema),
      required.includes(name) ? "yes" : "no",
      preset === undefined ? "" : code(JSON.stringify(preset)),
      description ?? "",
    ];
  });
  const table = rows.length === 0 ? "No arguments." : markdownTable(["argument", "takes", "required", "default", "meaning"], rows);
  return `### ${code(tool.name)}\n\n${tool.title}. Effect: ${tool.effect}.\n\n${tool.description}\n\n${table}`;
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
