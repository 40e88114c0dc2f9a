import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { childEnv } from "../support/mcp-client.ts";

/** Variables beside the usual ones. */
export type Environment = Readonly<Record<string, string>>;

/** A server that was spawned, by its lines: no client's work is in what is measured. */
export interface Session {
  send(message: unknown): void;
  next(): Promise<unknown>;
  readonly pid: number;
  end(): Promise<void>;
}

/** Spawns `node ARGS`. A server that ends before it has answered fails what waits for it, with what it said. */
export function openSession(args: readonly string[], env: Environment): Session {
  const child = spawn(process.execPath, [...args], { stdio: ["pipe", "pipe", "pipe"], env: { ...childEnv(), ...env } });
  let [buffer, complaint] = ["", ""];
  const waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = [];
  const arrived: unknown[] = [];
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.on("error", () => undefined);
  child.on("close", () =>
    waiting.splice(0).forEach(({ reject }) => reject(new Error(`${args.join(" ")} ended: ${complaint.slice(-2000)}`))),
  );
  child.stdout.on("data", (chunk: Buffer) => {
    buffer += chunk.toString();
    for (let at = buffer.indexOf("\n"); at >= 0; at = buffer.indexOf("\n")) {
      const message: unknown = JSON.parse(buffer.slice(0, at));
      const next = waiting.shift();
      if (next === undefined) arrived.push(message);
      else next.resolve(message);
      buffer = buffer.slice(at + 1);
    }
  });
  return {
    send: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    next: () =>
      arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((resolve, reject) => waiting.push({ resolve, reject })),
    pid: child.pid ?? 0,
    end: () =>
      new Promise((resolve) => {
        child.once("close", () => resolve());
        child.stdin.end();
      }),
  };
}

/** The first message of a client. */
export const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};
/** The second. */
export const INITIALIZED = { jsonrpc: "2.0", method: "notifications/initialized" };

/** How long a server took from its spawning to its list of tools, and what it held then. */
export interface Listed {
  readonly ms: number;
  /** Megabytes. */
  readonly rss: number;
}

/** Spawns a server, opens a connection at once, and ends it when the list is there. */
export async function listOnce(args: readonly string[], env: Environment): Promise<Listed> {
  const started = performance.now();
  const session = openSession(args, env);
  for (const message of [INITIALIZE, INITIALIZED, { jsonrpc: "2.0", id: 2, method: "tools/list" }]) session.send(message);
  await session.next();
  await session.next();
  const ms = performance.now() - started;
  const rss = residentMegabytes(session.pid);
  await session.end();
  return { ms, rss };
}

/** Resident memory as the kernel counts it; 0 where there is no /proc. */
function residentMegabytes(pid: number): number {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return Number(kilobytes) / 1024;
  } catch {
    return 0;
  }
}
