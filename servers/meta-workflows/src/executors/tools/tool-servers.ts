import { realpath } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import { pickVariables, USUAL_VARIABLES } from "@platform-ops/ledger";
import { openToolServer, type RemoteTool, type ToolServer } from "@platform-ops/mcp-kit/client";
import type { AllowedServer, ExecutorDeps } from "../executor-deps.ts";

const MAX_RESULT = 4 * 1024 * 1024;
const LIST_MS = 30_000;

/** The MCP servers that may be called, each started by its first call and kept warm. */
export class ToolServers {
  readonly #deps: Pick<ExecutorDeps, "settings" | "own_servers" | "environment" | "version">;
  readonly #open = new Map<string, ToolServer>();
  /** What a server says of its tools, by the process that said it. */
  readonly #listed = new Map<string, { readonly pid: number | undefined; readonly tools: ReadonlyMap<string, RemoteTool> }>();

  constructor(deps: Pick<ExecutorDeps, "settings" | "own_servers" | "environment" | "version">) {
    this.#deps = deps;
  }

  /** @throws OpsError not_allowed for a server that the operator does not name, program_missing for one of ours that is not installed */
  async server(name: string): Promise<ToolServer> {
    const kept = this.#open.get(name);
    if (kept !== undefined) return kept;
    const allowed = this.#allowed(name);
    const [command = "", ...args] = allowed.command;
    const cwd = allowed.cwd ?? (await this.#folder());
    const further = allowed.env ?? [];
    const env = pickVariables(this.#deps.environment, [...USUAL_VARIABLES, ...further]);
    const opened =
      this.#open.get(name) ?? openToolServer({ name, version: this.#deps.version, command, args, env, cwd, maxResult: MAX_RESULT });
    this.#open.set(name, opened);
    return opened;
  }

  /**
   * What the server says of a tool; undefined where it has none of that name.
   * @throws OpsError as `ToolServer.tools`
   */
  async tool(name: string, tool: string, signal: AbortSignal): Promise<RemoteTool | undefined> {
    const server = await this.server(name);
    const known = this.#listed.get(name);
    if (known?.pid !== undefined && known.pid === server.pid) return known.tools.get(tool);
    const tools = new Map((await server.tools({ timeoutMs: LIST_MS, signal })).map((each) => [each.name, each]));
    this.#listed.set(name, { pid: server.pid, tools });
    return tools.get(tool);
  }

  async close(): Promise<void> {
    const open = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(open.map((server) => server.close()));
  }

  #allowed(name: string): AllowedServer {
    const { settings, own_servers } = this.#deps;
    // An operator's word on a name of ours wins: it may start another build, or with other variables.
    const named = Object.hasOwn(settings.servers, name) ? settings.servers[name] : undefined;
    if (named !== undefined) return named;
    const own = Object.hasOwn(own_servers, name) ? own_servers[name] : undefined;
    if (own !== undefined) return own();
    const names = [...new Set([...Object.keys(settings.servers), ...Object.keys(own_servers)])];
    throw new OpsError("not_allowed", `The MCP server ${JSON.stringify(name.slice(0, 100))} is not one that runbooks may call.`, {
      hint: `${names.length === 0 ? "The operator allows none" : `Allowed: ${names.join(", ")}. The operator extends it`}: meta_workflows.servers.`,
    });
  }

  /** A server works where runbooks do: the first folder that is there. */
  async #folder(): Promise<string> {
    for (const folder of this.#deps.settings.working_directories) {
      const found = await realpath(folder).catch(() => undefined);
      if (found !== undefined) return found;
    }
    return "/";
  }
}
