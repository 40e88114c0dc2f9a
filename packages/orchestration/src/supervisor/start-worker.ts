import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { identify, type ProcessIdentity } from "../process/process-table.ts";
import { openLog } from "./log-file.ts";
import { WORKER_HEAP, workerLaunchArguments, type WorkerSpec } from "./protocol.ts";

/**
 * Starts a worker build in a session of its own, with its output in the log file and an alive file of its own to write;
 * undefined where it cannot be run. `ended` is called at its end, for as long as this process lives.
 */
export function startWorker(
  home: string,
  spec: WorkerSpec,
  launch: { localTemporal: string | undefined; kept: boolean },
  logFile: string,
  log: (message: string, fields?: Record<string, unknown>) => void,
  ended: () => void,
): { identity: ProcessIdentity; aliveFile: string } | undefined {
  const folder = join(home, "supervisor", "alive");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const aliveFile = join(folder, `${spec.server}-${randomBytes(6).toString("hex")}.json`);
  const output = openLog(logFile);
  const launchArguments = workerLaunchArguments({ aliveFile, ...launch });
  const child = spawn(process.execPath, [...WORKER_HEAP, join(spec.build, spec.entry), ...spec.args, ...launchArguments], {
    cwd: spec.build,
    env: workerEnvironment(spec.env),
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  child.on("error", (error) => log("a worker cannot be run", { error: error.message }));
  child.on("exit", (code, signal) => {
    log("a worker ended", { server: spec.server, pid: child.pid, code, signal });
    ended();
  });
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  return identity === undefined ? undefined : { identity, aliveFile };
}

/** TEMPORAL_DEBUG means verbose output to a person; the worker library would turn its debug mode on by it. */
function workerEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const { TEMPORAL_DEBUG: _never, ...rest } = env;
  return rest;
}
