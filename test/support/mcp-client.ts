import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { join } from "node:path";

/** How a person behind the client answers a form. */
export type FormAnswer = { action: "accept"; content: Record<string, string | number | boolean> } | { action: "decline" | "cancel" };

export interface ServerProcess {
  /** Where `infra.yaml` files are looked for. */
  readonly roots: readonly string[];
  readonly home: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly args?: readonly string[];
  /** The bin to start; the built one of this repository unless said. */
  readonly bin?: string;
  /** Given: the client says that it has forms, and answers with this. */
  readonly person?: (message: string, schema: unknown) => FormAnswer | Promise<FormAnswer>;
  readonly clientName?: string;
  /** The protocol era that the client speaks; legacy (2025-11-25) unless said. */
  readonly era?: "legacy" | "modern";
}

export interface ToolAnswer {
  readonly text: string;
  readonly data: Record<string, any>;
  readonly isError: boolean;
}

export interface Agent {
  readonly client: Client;
  readonly pid: number;
  readonly stderr: () => string;
  call(name: string, args?: Record<string, unknown>): Promise<ToolAnswer>;
  close(): Promise<void>;
}

export const REPOSITORY = join(import.meta.dirname, "../..");
export const TERRAFORM_BIN = join(REPOSITORY, "servers/terraform/dist/bin.js");
export const META_WORKFLOWS_BIN = join(REPOSITORY, "servers/meta-workflows/dist/bin.js");
export const FLUX_TELEPORT_BIN = join(REPOSITORY, "servers/flux-teleport/dist/bin.js");

/** Starts the built terraform server as a client would, over stdio, and speaks MCP with it. */
export async function startAgent(options: ServerProcess): Promise<Agent> {
  const client = new Client(
    { name: options.clientName ?? "test-client", version: "1.0.0" },
    {
      capabilities: options.person ? { elicitation: { form: {} } } : {},
      versionNegotiation: { mode: options.era === "modern" ? { pin: "2026-07-28" } : "legacy" },
    },
  );
  if (options.person) {
    const { person } = options;
    client.setRequestHandler("elicitation/create", async (request) => {
      const params = request.params as { message: string; requestedSchema?: unknown };
      return person(params.message, params.requestedSchema);
    });
  }
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [options.bin ?? TERRAFORM_BIN, ...(options.args ?? []), ...options.roots.flatMap((root) => ["--root", root])],
    env: { ...childEnv(), PLATFORM_OPS_HOME: options.home, ...options.env },
    cwd: options.cwd ?? options.roots[0] ?? options.home,
    stderr: "pipe",
  });
  let stderr = "";
  transport.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await client.connect(transport);
  return {
    client,
    // One that no process has, where there is none: signals to 0 would reach this one.
    pid: transport.pid ?? 2 ** 30,
    stderr: () => stderr,
    async call(name, args = {}) {
      const result = (await client.callTool({ name, arguments: args }, { timeout: 120_000 })) as {
        content?: { type: string; text?: string }[];
        structuredContent?: Record<string, unknown>;
        isError?: boolean;
      };
      const text = (result.content ?? []).map((block) => block.text ?? "").join("\n");
      return { text, data: result.structuredContent ?? {}, isError: result.isError === true };
    },
    close: () => client.close(),
  };
}

/** What a child of a test needs of this process's environment. */
export function childEnv(): Record<string, string> {
  const names = ["PATH", "HOME", "LANG", "TMPDIR", "PLATFORM_OPS_CACHE", "XDG_CACHE_HOME"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}
