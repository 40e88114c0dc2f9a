import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { join } from "node:path";
import { pythonWithClients } from "../../test/support/python.ts";
import { ROOT } from "../setup.mjs";
import { run } from "../setup/program.mjs";
import type { Job } from "./jobs.ts";

/** How a client starts a server. */
export interface Start {
  readonly command: string;
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

/** What a client got of a server in one session. */
export interface Session {
  /** From the start to the list of tools, in milliseconds; absent where the client does not say. */
  readonly listMs?: number;
  readonly version?: string;
  readonly tools: readonly object[];
  /** The structured answer to the job's call. */
  readonly data: Record<string, any>;
}

/** A client by its make: starts a server, lists its tools, does the job's call, ends it. */
export type Make = (start: Start, job: Job) => Promise<Session>;

const IDENTITY = { name: "rehearsal", version: "1.0.0" };

/** The TypeScript SDK of our own line, in the protocol era that all clients speak. */
export const typescript2: Make = async (start, job) =>
  spoken(
    new StdioClientTransport({ ...start, stderr: "pipe" }),
    new Client(IDENTITY, { versionNegotiation: { mode: "legacy" } }),
    start,
    job,
  );

/** That of the older line, which hosts embed. */
export const typescript1: Make = async (start, job) =>
  spoken(new Transport1({ ...start, stderr: "pipe" }), new Client1(IDENTITY), start, job);

const python =
  (make: "mcp" | "fastmcp", program: string): Make =>
  async (start, job) => {
    const servers = JSON.stringify([{ command: [start.command, ...start.args], calls: [[job.call.name, job.call.arguments]] }]);
    const script = join(ROOT, "test/contract/python/sdk_client.py");
    const [{ tools, answers }] = JSON.parse(
      await run(program, [script, make, "auto", servers], { cwd: start.cwd, env: start.env, timeoutMs: 60_000 }),
    ) as [{ tools: object[]; answers: { structuredContent?: Record<string, any> }[] }];
    return { tools, data: answers[0]?.structuredContent ?? {} };
  };

/** Clients of other makes, by name; those of Python where tooling/setup/python-clients.sh was run. */
export function otherMakes(): [string, Make][] {
  const program = pythonWithClients();
  const makes: [string, Make][] = [["TypeScript SDK 1", typescript1]];
  return program === undefined ? makes : [...makes, ["Python SDK", python("mcp", program)], ["FastMCP", python("fastmcp", program)]];
}

/** What both lines of the TypeScript SDK have alike, as far as it is used here. */
interface Speaker<T> {
  connect(transport: T): Promise<void>;
  listTools(): Promise<{ tools: object[] }>;
  callTool(call: Job["call"]): Promise<{ [field: string]: unknown }>;
  getServerVersion(): { version: string } | undefined;
  close(): Promise<void>;
}

async function spoken<T extends { stderr: unknown }>(transport: T, client: Speaker<T>, start: Start, job: Job): Promise<Session> {
  let stderr = "";
  (transport.stderr as NodeJS.ReadableStream | null)?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const began = performance.now();
  try {
    await client.connect(transport);
    const { tools } = await client.listTools();
    const listMs = performance.now() - began;
    const { structuredContent = {} } = await client.callTool(job.call);
    return { listMs, version: client.getServerVersion()?.version ?? "", tools, data: structuredContent as Record<string, any> };
  } catch (error) {
    throw new Error(`${start.args.join(" ")}: ${error instanceof Error ? error.message : String(error)}\n${stderr}`, { cause: error });
  } finally {
    await client.close();
  }
}
