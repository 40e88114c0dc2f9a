import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tcpProbe } from "../client/probe.ts";

/** A real development server, of the test that started it. */
export interface TestTemporal {
  readonly address: string;
  readonly namespace: "default";
  /** Of the server process that runs now. */
  readonly pid: number;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on the same port and database. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

const START_LIMIT_MS = 30_000;

/** As a local Temporal is started, so that tests see its speed and its durability. */
const SERVER_ARGS =
  "server start-dev --headless --ip 127.0.0.1 --log-level error --sqlite-pragma journal_mode=wal --sqlite-pragma synchronous=2 --dynamic-config-value history.transferProcessorMaxPollRPS=2000 --dynamic-config-value history.timerProcessorMaxPollRPS=2000".split(
    " ",
  );

/** The binary for tests: the one that the test run was given, if any. */
export function testTemporalBinary(env: Readonly<Record<string, string | undefined>>): string | undefined {
  return env["PLATFORM_OPS_TEST_TEMPORAL"] || undefined;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function launch(binary: string, port: number, file: string): Promise<ChildProcess> {
  const child = spawn(binary, [...SERVER_ARGS, "--port", String(port), "--db-filename", file], {
    stdio: "ignore",
    env: { HOME: tmpdir() },
  });
  const until = Date.now() + START_LIMIT_MS;
  while ((await tcpProbe(`127.0.0.1:${port}`, 200)) !== "open") {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`The test server did not start (exit ${child.exitCode}).`);
    await sleep(50);
  }
  return child;
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await exit;
}

/** Starts a development server on a free loopback port over a new database; `connect` waits until it serves. */
export async function startTestTemporal(options: { readonly binary: string }): Promise<TestTemporal> {
  const directory = await mkdtemp(join(tmpdir(), "platform-ops-temporal-"));
  const port = await freePort();
  const file = join(directory, "temporal.db");
  let child = await launch(options.binary, port, file);
  const killNow = (): void => void child.kill("SIGKILL");
  process.once("exit", killNow);
  return {
    address: `127.0.0.1:${port}`,
    namespace: "default",
    get pid() {
      return child.pid ?? -1;
    },
    kill: () => ended(child, "SIGKILL"),
    async restart() {
      await ended(child, "SIGKILL");
      child = await launch(options.binary, port, file);
    },
    async stop() {
      process.off("exit", killNow);
      await ended(child, "SIGKILL");
      await rm(directory, { recursive: true, force: true });
    },
  };
}
