import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openAudit, openDataDirectory, openTokens, type Tokens } from "@platform-ops/ledger";
import { seeded } from "../chaos/random.ts";
import { startBin, type BinRun } from "../support/bin.ts";
import { until } from "../support/processes.ts";
import { recordedOpening } from "../support/published-bins.ts";
import { exchange, faultOf } from "./exchange.ts";
import { conversation } from "./http-conversation.ts";
import { rightRequest, type Callers, type HttpCase, type HttpMaking } from "./http-case.ts";
import { httpCaseOf } from "./http-framing.ts";
import { change, factsOf } from "./process-facts.ts";
import { emptyMachine, MEMORY_MB, type SessionOptions, type SessionReport } from "./session.ts";

/** Connections at once. */
const AT_ONCE = 16;
/** Requests after which a server is as warm as it gets. */
const WARM = 300;

/** A body must have arrived in a second; nobody is too fast. */
const LIMITS =
  "http:\n  limits: { body_seconds: 1, requests_per_second: 100000, burst: 100000, connections: 200, sessions: 50, sessions_per_principal: 20 }\n";

/** Sends requests to a server's HTTP port at bare sockets, many at once, and looks at what comes back. */
export async function httpSession({ published, seed, messages }: SessionOptions): Promise<SessionReport> {
  await using machine = await emptyMachine();
  const home = machine.env["PLATFORM_OPS_HOME"]!;
  await mkdir(join(machine.folder, "config"));
  const config = join(machine.folder, "config/config.yaml");
  await writeFile(config, LIMITS, { mode: 0o600 });
  const directory = await openDataDirectory(home);
  const tokens = openTokens(directory, openAudit(directory));
  const { tools, name } = recordedOpening(published);
  const callers = await callersOf(tokens, name);
  const bin = startBin(["http", "--port", "0"], {
    cwd: machine.folder,
    env: { ...machine.env, PLATFORM_OPS_CONFIG: config },
    bin: published.bin,
  });
  const pid = bin.process.pid!;
  const problems: string[] = [];
  let held = "";
  try {
    const port = await portOf(bin);
    const random = seeded(seed);
    const making = (at: number): HttpMaking => ({ random, at, tools, port, callers });
    const cases = Array.from({ length: messages }, (_, at) => httpCaseOf(making(at)));
    const warm = Math.min(WARM, Math.ceil(messages / 3));
    problems.push(...(await sendAll(port, cases.slice(0, warm))));
    await idle(pid, port);
    const before = factsOf(pid);
    problems.push(...(await sendAll(port, cases.slice(warm))));
    for (const [at, ending] of (["revoked", "expired"] as const).entries())
      problems.push(...(await conversation(making(messages + at), tokens, name, ending)));
    problems.push(...(await sendAll(port, [rightRequest(making(0))])).map((problem) => `in the end: ${problem}`));
    await idle(pid, port);
    const after = await closedHandles(pid, before.handles);
    held = change(before, after);
    if (after.rssMb > before.rssMb + MEMORY_MB) problems.push(`memory: ${held}`);
    if (after.handles > before.handles + 2 || after.children > 0) problems.push(`handles: ${held}, ${after.children} children`);
    bin.process.kill("SIGTERM");
    const { code, stdout, stderr } = await bin.ended;
    if (code !== 0) problems.push(`ended with ${code}: ${stderr.slice(-500)}`);
    if (stdout !== "") problems.push(`on stdout: ${stdout.slice(0, 300)}`);
    const errors = stderr.split("\n").filter((line) => line.includes('"level":"error"'));
    problems.push(...errors.map((line) => `logged: ${line.slice(0, 600)}`));
  } catch (error) {
    problems.push(`${error instanceof Error ? error.message : String(error)}; ${bin.said().slice(-500)}`);
  } finally {
    bin.process.kill("SIGKILL");
    await bin.ended;
  }
  return {
    title: `${published.server} over http`,
    repeat: `--transport http --server ${published.server} --session ${seed} --messages ${messages}`,
    messages,
    problems: [...new Set(problems)].slice(0, 20),
    held,
  };
}

/** Tokens: one that is good, one that was taken back, one whose time is over. */
async function callersOf(tokens: Tokens, name: string): Promise<Callers> {
  const make = async (principal: string, days: number) => {
    const expires_at = new Date(Date.now() + days * 86_400_000).toISOString();
    return await tokens.create({ server: name, principal, read_only: false, created_by: "tty:fuzz", expires_at });
  };
  const [right, revoked, expired] = [await make("right", 1), await make("revoked", 1), await make("expired", -1)];
  await tokens.revoke(revoked.grant.id, "tty:fuzz");
  return { right: right.token, revoked: revoked.token, expired: expired.token };
}

async function portOf(bin: BinRun): Promise<number> {
  const url = await until(() => /listens on (\S+)/.exec(bin.said())?.[1], `the address; it said ${bin.said()}`);
  return Number(new URL(url).port);
}

/** Sends cases, many at once, in their order. */
async function sendAll(port: number, cases: readonly HttpCase[]): Promise<string[]> {
  const problems: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let one = cases[next++]; one !== undefined; one = cases[next++]) {
      const problem = faultOf(one, await exchange(port, one));
      if (problem !== undefined) problems.push(problem);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return problems;
}

/** Resolves when the server has answered a probe and closed what was left. */
async function idle(pid: number, port: number): Promise<void> {
  const probe: HttpCase = {
    kind: "probe",
    pieces: [Buffer.from("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")],
    accepted: [200],
  };
  const problem = faultOf(probe, await exchange(port, probe));
  if (problem !== undefined) throw new Error(`it is not well any more: ${problem}`);
  let last = -1;
  await until(() => last === (last = factsOf(pid).handles), "handles to stay as they are", 10).catch(() => undefined);
}

async function closedHandles(pid: number, most: number): Promise<ReturnType<typeof factsOf>> {
  await until(() => factsOf(pid).handles <= most + 2 && factsOf(pid).children === 0, "handles to be closed", 20).catch(() => undefined);
  return factsOf(pid);
}
