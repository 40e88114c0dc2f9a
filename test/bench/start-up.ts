import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { childEnv, TERRAFORM_BIN } from "../support/mcp-client.ts";
import { median, processTime, quantile, report } from "./measure.ts";

const PAIRS = 15;

/** Spawn to `tools/list` against `node -e 0`, pair by pair; memory then; and warm calls of list_workflows. */
export async function benchStartUp(home: string, root: string): Promise<void> {
  const args = [TERRAFORM_BIN, "--root", root];
  await listOnce(args, home);
  const pairs: { floor: number; list: number; rss: number }[] = [];
  for (let i = 0; i < PAIRS; i += 1) {
    const floor = await processTime(process.execPath, ["-e", "0"]);
    pairs.push({ floor, ...(await listOnce(args, home)) });
  }
  const ratio = median(pairs.map(({ floor, list }) => list / floor));
  report("spawn → tools/list ÷ node -e 0", `${ratio.toFixed(2)} (${median(pairs.map((p) => p.list)).toFixed(0)} ms ÷ ${median(pairs.map((p) => p.floor)).toFixed(0)} ms)`, "≤ 1.9, aim 1.0");
  report("resident memory then", `${median(pairs.map((p) => p.rss)).toFixed(0)} MB`, "≤ 56 MB, aim 42");
  const calls = await warmCalls(args, home, 500);
  report("warm list_workflows, p50 and p99", `${median(calls).toFixed(2)} and ${quantile(calls, 0.99).toFixed(2)} ms`, "≤ 1 and ≤ 10 ms");
}

interface Session {
  send(message: unknown): void;
  next(): Promise<unknown>;
  readonly pid: number;
  end(): Promise<void>;
}

function open(args: readonly string[], home: string): Session {
  const child = spawn(process.execPath, [...args], { stdio: ["pipe", "pipe", "ignore"], env: { ...childEnv(), PLATFORM_OPS_HOME: home } });
  let buffer = "";
  const waiting: ((value: unknown) => void)[] = [];
  const arrived: unknown[] = [];
  child.stdout.on("data", (chunk: Buffer) => {
    buffer += chunk.toString();
    for (let at = buffer.indexOf("\n"); at >= 0; at = buffer.indexOf("\n")) {
      const message: unknown = JSON.parse(buffer.slice(0, at));
      const next = waiting.shift();
      if (next === undefined) arrived.push(message);
      else next(message);
      buffer = buffer.slice(at + 1);
    }
  });
  return {
    send: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    next: () => (arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve))),
    pid: child.pid ?? 0,
    end: () =>
      new Promise((resolve) => {
        child.once("close", () => resolve());
        child.stdin.end();
      }),
  };
}

const INITIALIZE = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } } };

async function listOnce(args: readonly string[], home: string): Promise<{ list: number; rss: number }> {
  const started = performance.now();
  const session = open(args, home);
  session.send(INITIALIZE);
  session.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  session.send({ jsonrpc: "2.0", id: 2, method: "tools/list" });
  await session.next();
  await session.next();
  const list = performance.now() - started;
  const rss = residentMegabytes(session.pid);
  await session.end();
  return { list, rss };
}

async function warmCalls(args: readonly string[], home: string, count: number): Promise<number[]> {
  const session = open(args, home);
  session.send(INITIALIZE);
  await session.next();
  session.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  const times: number[] = [];
  for (let i = 0; i < count + 50; i += 1) {
    const started = performance.now();
    session.send({ jsonrpc: "2.0", id: i + 2, method: "tools/call", params: { name: "list_workflows", arguments: {} } });
    await session.next();
    if (i >= 50) times.push(performance.now() - started);
  }
  await session.end();
  return times;
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
