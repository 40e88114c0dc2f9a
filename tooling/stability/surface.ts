import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ERROR_CODES, OpsError, type ErrorCode } from "@platform-ops/errors";
import { settingsJsonSchema, settingsTable, type Command } from "@platform-ops/ledger";
import { exitCodeOf, listTool, type Prompt, type Tool } from "@platform-ops/mcp-kit";
import { definitionJsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import { binName, type PackageFacts } from "../release/launch.ts";
import { publishedServers } from "../release/packages.mjs";
import { librarySurfaces, type LibrarySurface } from "./library-surface.ts";
import { bare, type Schema } from "./schema.ts";

/** All that people, clients, files and open runs rely on, as plain JSON; docs/stability.md says what of it may change how. */
export interface Surface {
  readonly version: string;
  readonly servers: Readonly<Record<string, ServerSurface>>;
  /** What the servers share, by package. */
  readonly libraries: Readonly<Record<string, LibrarySurface>>;
  /** Settings by name: how they are set, and what holds where nobody sets them. */
  readonly settings: Readonly<Record<string, { readonly flag: string; readonly env: readonly string[]; readonly default: string }>>;
  /** The operator's file, and a runbook's definition. */
  readonly files: Readonly<Record<string, Schema>>;
  readonly errors: Readonly<Record<string, { readonly retryable: boolean; readonly exit: number }>>;
}

export interface ServerSurface {
  readonly package: string;
  readonly bin: string;
  readonly node: string;
  readonly tools: Readonly<Record<string, ToolSurface>>;
  readonly resources: readonly string[];
  readonly prompts: readonly string[];
  /** Subcommands with the types of their options. */
  readonly commands: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What open runs hold of us: the names of a workflow, its updates, signals and queries, and the beginning of its ids. */
  readonly runs: readonly string[];
}

export interface ToolSurface {
  readonly effect: { readonly readOnlyHint?: boolean; readonly destructiveHint?: boolean };
  readonly input: Schema;
  readonly output?: Schema;
}

/** Reads the surface from where everything is defined. */
export async function presentSurface(root: string): Promise<Surface> {
  const packages = publishedServers(root) as { server: string; folder: string; manifest: PackageFacts }[];
  const servers = await Promise.all(packages.map(async (one) => [one.server, await serverSurface(one)] as const));
  return {
    version: packages[0]?.manifest.version ?? "",
    servers: Object.fromEntries(servers),
    libraries: librarySurfaces(root),
    settings: Object.fromEntries(settingsTable().map(({ name, flag, env, default: preset }) => [name, { flag, env, default: preset }])),
    files: { configuration: bare(settingsJsonSchema()), definition: bare(definitionJsonSchema()) },
    errors: Object.fromEntries(
      Object.entries(ERROR_CODES).map(([code, { retryable }]) => [code, { retryable, exit: exitOf(code as ErrorCode) }]),
    ),
  };
}

const exitOf = (code: ErrorCode): number => exitCodeOf(new OpsError(code, "x"));

async function serverSurface({ folder, manifest }: { folder: string; manifest: PackageFacts }): Promise<ServerSurface> {
  const load = async <T>(path: string): Promise<Partial<T>> => {
    const file = join(folder, "src", path);
    return existsSync(file) ? ((await import(pathToFileURL(file).href)) as Partial<T>) : {};
  };
  const { tools = [] } = await load<{ tools: readonly Tool[] }>("tools/index.ts");
  const { resources = [] } = await load<{ resources: readonly { uri: string }[] }>("resources/index.ts");
  const { promptsOf } = await load<{ promptsOf(deps: object): Promise<readonly Prompt[]> }>("prompts/prompts.ts");
  const { commandsOf } = await load<{ commandsOf(deps: object): Promise<readonly Command[]> }>("commands/index.ts");
  // Names and options of subcommands are plain values: no dependency is opened to list them.
  const commands = (await commandsOf?.({ config: { settings: { home: "" }, signingEnvironment: {} } })) ?? [];
  const prompts = (await promptsOf?.({ library: { read: async () => ({ entries: [] }) } })) ?? [];
  return {
    package: manifest.name,
    bin: binName(manifest),
    node: manifest.engines.node,
    tools: Object.fromEntries(tools.map((tool) => [tool.name, toolSurface(tool)])),
    resources: resources.map(({ uri }) => uri),
    prompts: prompts.map(({ name }) => name),
    commands: Object.fromEntries(
      commands.map(({ name, options = {} }) => [
        name,
        Object.fromEntries(Object.entries(options).map(([option, { type }]) => [option, type])),
      ]),
    ),
    runs: runNames(await load<Record<string, unknown>>("worker/run-contract.ts")),
  };
}

function toolSurface(tool: Tool): ToolSurface {
  const { annotations, inputSchema, outputSchema } = listTool(tool);
  const { readOnlyHint, destructiveHint } = annotations as ToolSurface["effect"];
  return {
    effect: JSON.parse(JSON.stringify({ readOnlyHint, destructiveHint })) as ToolSurface["effect"],
    input: bare(inputSchema),
    ...(outputSchema === undefined ? {} : { output: bare(outputSchema) }),
  };
}

function runNames(contract: Readonly<Record<string, unknown>>): string[] {
  const names = Object.entries(contract).filter(([name]) => /^(WORKFLOW_TYPE|RUN_ID_PREFIX|(UPDATE|SIGNAL|QUERY)_\w+)$/.test(name));
  return names.map(([name, value]) => `${name.toLowerCase().replaceAll("_", " ")}: ${String(value)}`).sort();
}
