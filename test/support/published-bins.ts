import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Tool } from "@platform-ops/mcp-kit";
import { REPOSITORY } from "./mcp-client.ts";

/** A server as it is published: what holds for one holds for all. */
export interface PublishedBin {
  /** Its folder, for titles of tests. */
  readonly server: string;
  readonly bin: string;
  readonly dist: string;
}

/** Every server that was built; a test run builds all of them first, and ends where one cannot be built. */
export const PUBLISHED_BINS: readonly PublishedBin[] = readdirSync(join(REPOSITORY, "servers"))
  .map((server) => {
    const bin = join(REPOSITORY, "servers", server, "dist/bin.js");
    return { server, bin, dist: dirname(bin) };
  })
  .filter(({ bin }) => existsSync(bin));

/** A tool as a client sees it. */
export interface ListedTool {
  readonly name: string;
  readonly inputSchema: Schema;
  readonly annotations: { readonly readOnlyHint: boolean };
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** What a server's record says that it answers before it is loaded. */
export function recordedOpening({ dist }: PublishedBin): { name: string; title: string; instructions: string; tools: ListedTool[] } {
  const { toolsets: _, ...opening } = JSON.parse(readFileSync(join(dist, "opening.json"), "utf8"));
  return opening as ReturnType<typeof recordedOpening>;
}

/** The listing that was agreed upon. */
export function goldenTools({ server }: PublishedBin): ListedTool[] {
  return JSON.parse(readFileSync(join(REPOSITORY, "servers", server, "tools.snapshot.json"), "utf8")) as ListedTool[];
}

/** One of its toolsets, and not the only one. */
export async function aToolset({ server }: PublishedBin): Promise<string> {
  const index = pathToFileURL(join(REPOSITORY, "servers", server, "src/tools/index.ts")).href;
  const { tools } = (await import(index)) as { tools: readonly Tool[] };
  return tools[0]!.toolset;
}

/** A call of every tool without arguments, and one with all that it requires, which names nothing that there is. */
export function emptyCalls(bin: PublishedBin): (readonly [string, Record<string, unknown>])[] {
  return recordedOpening(bin).tools.flatMap(({ name, inputSchema }) => {
    const sample = sampleOf(inputSchema) as Record<string, unknown>;
    return Object.keys(sample).length === 0 ? [[name, {}] as const] : [[name, {}] as const, [name, sample] as const];
  });
}

function sampleOf({ type, enum: words, minimum, items, properties = {}, required = [] }: Schema): unknown {
  if (words !== undefined) return words[0];
  if (type === "object") return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]));
  if (type === "array") return [sampleOf(items ?? {})];
  if (type === "integer" || type === "number") return minimum ?? 1;
  return type === "boolean" ? false : "nowhere";
}
