import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { stopSupervisor, supervisorStatus } from "../../local/supervisor-client.ts";
import type { EnsureLocalOptions } from "../../local/ensure-local.ts";
import type { SupervisorStatus, WorkerSpec } from "../protocol.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Where bundles are kept with their source maps, in a run that counts what they run. */
const maps = process.env["PLATFORM_OPS_COUNT_MAPS"];

/** Every bench makes the same bundle. Its map names the sources by their whole paths, since it is far from them. */
function keepMap(entry: string, folder: string): void {
  const kept = join(folder, "bench");
  mkdirSync(kept, { recursive: true });
  const map = JSON.parse(readFileSync(`${entry}.map`, "utf8")) as { sources: string[] };
  const whole = { ...map, sources: map.sources.map((source) => resolve(dirname(entry), source)) };
  for (const [name, text] of [
    ["supervisor.cjs.map", JSON.stringify(whole)],
    ["supervisor.cjs", readFileSync(entry)],
  ] as const) {
    const partial = join(kept, `${name}.${process.pid}.map`);
    writeFileSync(partial, text);
    renameSync(partial, join(kept, name));
  }
}

/** The real Temporal binary, where this machine has one. */
export const temporalBinary = [
  process.env["PLATFORM_OPS_TEST_TEMPORAL"],
  join(homedir(), ".cache/platform-ops/temporal/1.5.1/temporal"),
  whereis("temporal"),
].find((path): path is string => path !== undefined && existsSync(path));

/** Why tests with real Temporal are skipped. */
export const WITHOUT_TEMPORAL = "needs Temporal 1.5.1: set PLATFORM_OPS_TEST_TEMPORAL to a `temporal` binary, or run `npm run setup`";

function whereis(program: string): string | undefined {
  try {
    return execFileSync("/bin/sh", ["-c", 'command -v "$1"', "sh", program], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** A throw-away data directory with the supervisor's bundle and fake workers. */
export class Bench {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "sup-")));
  readonly home: string;
  /** Where `npm run coverage` looks for bundles: by the folder of a server. */
  readonly entry = join(this.root, "servers/bench/dist/supervisor.cjs");

  constructor(home = "home") {
    this.home = join(this.root, home);
    mkdirSync(this.home, { recursive: true, mode: 0o700 });
    buildSync({
      entryPoints: [join(here, "../../supervisor.ts")],
      outfile: this.entry,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node20",
      conditions: ["platform-ops-source"],
      ...(maps === undefined ? {} : { sourcemap: "external" as const }),
    });
    if (maps !== undefined) keepMap(this.entry, maps);
  }

  worker(build: string, more: Partial<WorkerSpec> & { mode?: string } = {}): WorkerSpec {
    const dir = join(this.root, "builds", build);
    mkdirSync(dir, { recursive: true });
    copyFileSync(join(here, "fake-worker.cjs"), join(dir, "worker.cjs"));
    const { mode = "lives", ...rest } = more;
    return {
      server: "fake",
      version: "1.0.0",
      builtAt: "2026-01-01T00:00:00Z",
      build: dir,
      entry: "worker.cjs",
      args: [mode],
      env: { RECORD: this.root, MARK: build, TEMPORAL_DEBUG: "1" },
      ...rest,
    };
  }

  /** The same build as it is installed in the data directory. */
  installed(build: string, more: Partial<WorkerSpec> = {}): WorkerSpec {
    const spec = this.worker(build, more);
    const dir = join(this.home, "workers", build);
    cpSync(spec.build, dir, { recursive: true });
    writeFileSync(join(dir, "build.json"), JSON.stringify({ server: spec.server, version: spec.version, built_at: spec.builtAt }));
    return { ...spec, build: dir };
  }

  /** What a build says, once it is the newest, of others: these must live on. */
  leaveTo(says: string, builds: readonly string[]): void {
    writeFileSync(join(this.root, "left.new"), JSON.stringify(builds));
    renameSync(join(this.root, "left.new"), join(this.root, `left-${says}`));
  }

  options(more: Partial<EnsureLocalOptions> = {}): EnsureLocalOptions {
    return {
      home: this.home,
      supervisorEntry: this.entry,
      workers: [],
      temporalBinary,
      env: { PATH: "/usr/bin:/bin" },
      idleMinutes: 5,
      timeoutMs: 30_000,
      ...more,
    };
  }

  async status(): Promise<SupervisorStatus> {
    const status = await supervisorStatus(this.home);
    if (status === undefined) throw new Error(`no supervisor; its log:\n${this.log("supervisor")}`);
    return status;
  }

  /** What every start of a fake worker saw. */
  starts(): { pid: number; build: string; local?: string; debug?: string; mark: string; kept: boolean }[] {
    return lines(join(this.root, "starts")).map((line) => JSON.parse(line) as never);
  }

  drained(): number[] {
    return lines(join(this.root, "drained")).map(Number);
  }

  log(name: string): string {
    const file = join(this.home, "logs", `${name}.log`);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** Ends everything that was started here and removes it. */
  async close(): Promise<void> {
    await stopSupervisor(this.home).catch(() => false);
    await until(
      async () => (await supervisorStatus(this.home)) === undefined && !existsSync(join(this.home, "supervisor", "lock")),
      40_000,
    ).catch(() => undefined);
    // what a killed supervisor left: everything whose command line names this folder
    for (const pid of processesNaming(this.root)) process.kill(pid, "SIGKILL");
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Pids of processes that have the text in their command line. */
export function processesNaming(text: string): number[] {
  const rows = execFileSync("ps", ["-axww", "-o", "pid=,args="], { encoding: "utf8" }).split("\n");
  return rows
    .filter((row) => row.includes(text))
    .map((row) => Number.parseInt(row, 10))
    .filter((pid) => pid !== process.pid);
}

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
}

/** Waits until it holds; fails, naming it, where it never does. */
export async function until(what: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`never came true: ${what.toString()}`);
    await sleep(50);
  }
}
