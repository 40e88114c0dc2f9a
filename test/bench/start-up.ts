import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { childEnv, REPOSITORY, TERRAFORM_BIN } from "../support/mcp-client.ts";
import { median, processTime, quantile, report } from "./measure.ts";

const PAIRS = 15;

/** Spawn to `tools/list` against `node -e 0`, pair by pair; memory then; the first call; and warm calls of list_workflows. */
export async function benchStartUp(home: string, root: string, configFile: string): Promise<void> {
  const args = [TERRAFORM_BIN, "--root", root];
  const plain = { PLATFORM_OPS_HOME: home };
  const configured = { ...plain, PLATFORM_OPS_CONFIG: configFile };
  // With a variable the file is read at each start.
  const reading = { ...configured, LOG_LEVEL: "info" };
  // The first starts make V8's cache, for the light start and for the whole server.
  for (const env of [plain, configured, reading]) await listOnce(args, env);
  const pairs: { floor: number; plain: Listed; configured: Listed; reading: Listed }[] = [];
  for (let i = 0; i < PAIRS; i += 1) {
    const floor = await processTime(process.execPath, ["-e", "0"]);
    pairs.push({
      floor,
      plain: await listOnce(args, plain),
      configured: await listOnce(args, configured),
      reading: await listOnce(args, reading),
    });
  }
  for (const [kind, aim, of] of [
    ["", "≤ 1.9, aim 1.0", (p: (typeof pairs)[number]) => p.plain],
    [", with an operator's file", "≤ 1.9", (p: (typeof pairs)[number]) => p.configured],
    [", reading that file", "", (p: (typeof pairs)[number]) => p.reading],
  ] as const) {
    const ratio = median(pairs.map((p) => of(p).ms / p.floor));
    const [list, floor] = [median(pairs.map((p) => of(p).ms)), median(pairs.map((p) => p.floor))];
    report(`spawn → tools/list ÷ node -e 0${kind}`, `${ratio.toFixed(2)} (${list.toFixed(0)} ms ÷ ${floor.toFixed(0)} ms)`, aim);
    report(`resident memory then${kind}`, `${median(pairs.map((p) => of(p).rss)).toFixed(0)} MB`, "≤ 56 MB, aim 42");
  }
  const { first, warm } = await calls(args, plain, 1000);
  report("first list_workflows, which loads the server", `${first.toFixed(0)} ms`, "");
  report("warm list_workflows, p50 and p99", `${median(warm).toFixed(2)} and ${quantile(warm, 0.99).toFixed(2)} ms`, "≤ 1 and ≤ 10 ms");
}

/** One of the other servers, with the call that is made first of it, and the most that it is to take. */
export interface OtherServer {
  readonly server: "flux-teleport" | "meta-workflows";
  readonly firstCall: string;
  readonly aim: string;
}

/** The same of another server: spawn to `tools/list` against `node -e 0`, and the first call. */
export async function benchOtherStart({ server, firstCall, aim }: OtherServer, home: string, configFile: string): Promise<void> {
  const args = [join(REPOSITORY, `servers/${server}/dist/bin.js`)];
  const plain = { PLATFORM_OPS_HOME: home };
  const configured = { ...plain, PLATFORM_OPS_CONFIG: configFile };
  for (const env of [plain, configured]) await listOnce(args, env);
  const taken: { floor: number; plain: Listed; configured: Listed }[] = [];
  for (let i = 0; i < PAIRS; i += 1) {
    const floor = await processTime(process.execPath, ["-e", "0"]);
    taken.push({ floor, plain: await listOnce(args, plain), configured: await listOnce(args, configured) });
  }
  const floor = median(taken.map((one) => one.floor));
  for (const [kind, of] of [
    ["", (one: (typeof taken)[number]) => one.plain],
    [", with an operator's file", (one: (typeof taken)[number]) => one.configured],
  ] as const) {
    const ratio = median(taken.map((one) => of(one).ms / one.floor));
    const list = median(taken.map((one) => of(one).ms));
    const figure = `${ratio.toFixed(2)} (${list.toFixed(0)} ms ÷ ${floor.toFixed(0)} ms)`;
    report(`${server}: spawn → tools/list ÷ node -e 0${kind}`, figure, aim);
    report(`${server}: memory then${kind}`, `${median(taken.map((one) => of(one).rss)).toFixed(0)} MB`, "≤ 56 MB, aim 42");
  }
  const { first } = await calls(args, plain, 1, firstCall);
  report(`${server}: first ${firstCall}, loading the server`, `${first.toFixed(0)} ms`, "");
}

interface Listed {
  readonly ms: number;
  /** Megabytes. */
  readonly rss: number;
}

type Environment = Readonly<Record<string, string>>;

interface Session {
  send(message: unknown): void;
  next(): Promise<unknown>;
  readonly pid: number;
  end(): Promise<void>;
}

function open(args: readonly string[], env: Environment): Session {
  const child = spawn(process.execPath, [...args], { stdio: ["pipe", "pipe", "ignore"], env: { ...childEnv(), ...env } });
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

const INITIALIZE = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
};

async function listOnce(args: readonly string[], env: Environment): Promise<Listed> {
  const started = performance.now();
  const session = open(args, env);
  session.send(INITIALIZE);
  session.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  session.send({ jsonrpc: "2.0", id: 2, method: "tools/list" });
  await session.next();
  await session.next();
  const ms = performance.now() - started;
  const rss = residentMegabytes(session.pid);
  await session.end();
  return { ms, rss };
}

/** The first call of a session, and those that follow it, in milliseconds. */
async function calls(
  args: readonly string[],
  env: Environment,
  count: number,
  name = "list_workflows",
): Promise<{ first: number; warm: number[] }> {
  const session = open(args, env);
  session.send(INITIALIZE);
  await session.next();
  session.send({ jsonrpc: "2.0", method: "notifications/initialized" });
  const warm: number[] = [];
  let first = Number.NaN;
  for (let i = 0; i < count + 50; i += 1) {
    const started = performance.now();
    session.send({ jsonrpc: "2.0", id: i + 2, method: "tools/call", params: { name, arguments: {} } });
    await session.next();
    const ms = performance.now() - started;
    if (i === 0) first = ms;
    if (i >= 50) warm.push(ms);
  }
  await session.end();
  return { first, warm };
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
