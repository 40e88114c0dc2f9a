import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OpsError, isOpsError } from "@platform-ops/errors";
import { isSameProcess } from "../process/process-table.ts";
import { isLock, readHolder } from "../supervisor/lock.ts";
import { openLog } from "../supervisor/log-file.ts";
import { PROTOCOL, type EnsureRequest, type SupervisorStatus, type WorkerSpec, type WorkerView } from "../supervisor/protocol.ts";
import { NotListening, askEnsure, stopSupervisor, supervisorStatus } from "./supervisor-client.ts";

/** What must live before a durable call can be made. */
export interface EnsureOptions {
  /** The data directory. */
  readonly home: string;
  /** The supervisor's bundle, run by this Node. */
  readonly supervisorEntry: string;
  readonly workers: readonly WorkerSpec[];
  /** The supervisor's whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly idleMinutes: number;
  readonly timeoutMs: number;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface EnsureLocalOptions extends EnsureOptions {
  /** Undefined where none was found: the answer is then setup_needed. */
  readonly temporalBinary: string | undefined;
  readonly port?: number | undefined;
}

/** Local Temporal, ready, and the supervisor that keeps it. */
export interface LocalTemporal {
  readonly address: string;
  readonly namespace: string;
  /** The supervisor's. */
  readonly pid: number;
  readonly server_version: string;
  /** The worker builds that serve now, by server: a newer client's where this one's is older. */
  readonly builds: Readonly<Record<string, string>>;
}

/** The development server always has this namespace. */
const NAMESPACE = "default";
/** A supervisor that was started answers within this, unless it cannot run at all. */
const ANSWER_MS = 10_000;

/**
 * Starts or finds the supervisor of the data directory, which starts or finds Temporal and the workers. Any number of
 * processes may ask at once. Installs nothing.
 * @throws OpsError setup_needed, port_taken, temporal_version, temporal_unavailable, worker_unavailable, lock_held, conflict
 */
export async function ensureLocal(options: EnsureLocalOptions): Promise<LocalTemporal> {
  const { temporalBinary: binary, port } = options;
  if (binary === undefined || !existsSync(binary)) {
    throw new OpsError(
      "setup_needed",
      binary === undefined ? "Temporal's server program is not installed." : `There is no Temporal server program at ${binary}.`,
    );
  }
  const status = await ensure(options, { binary, ...(port === undefined ? {} : { port }) });
  requireSameFile(options.workers, status.workers);
  const { address, server_version } = status.temporal;
  if (address === undefined || server_version === undefined)
    throw new OpsError("temporal_unavailable", "Local Temporal went away just now.", { hint: "Call again." });
  const builds = Object.fromEntries(status.workers.flatMap(({ server, build }) => (build === "" ? [] : [[server, build]])));
  return { address, namespace: NAMESPACE, pid: status.pid, server_version, builds };
}

/**
 * The same for cluster mode: keeps local workers of a Temporal that runs elsewhere.
 * @throws OpsError worker_unavailable, lock_held, setup_needed, conflict
 */
export async function ensureWorkers(options: EnsureOptions): Promise<{ pid: number }> {
  const { pid, workers } = await ensure(options, null);
  requireSameFile(options.workers, workers);
  return { pid };
}

/** A worker decides by the operator's file of whoever started it: for a client with another one it would decide by the wrong rules. */
function requireSameFile(wanted: readonly WorkerSpec[], found: readonly WorkerView[]): void {
  for (const { server, operatorsFile } of wanted) {
    const { operators_file: other } = found.find((worker) => worker.server === server) ?? {};
    if (operatorsFile === undefined || other === undefined || other === operatorsFile) continue;
    throw new OpsError("conflict", `The worker of ${server} decides by the operator's file ${other}; this server's is ${operatorsFile}.`, {
      hint: "Start every client with the same PLATFORM_OPS_CONFIG, or with data directories of their own. To have the worker start anew with this file: `supervisor stop` at a terminal; runs that are open go on with it.",
      retryable: false,
      details: { worker: other, server: operatorsFile },
    });
  }
}

async function ensure(options: EnsureOptions, temporal: EnsureRequest["temporal"]): Promise<SupervisorStatus> {
  for (const path of [options.supervisorEntry, ...options.workers.map((worker) => join(worker.build, worker.entry))]) {
    if (!existsSync(path)) throw new OpsError("setup_needed", `A part of this product is not installed: ${path}.`);
  }
  const end = Date.now() + options.timeoutMs;
  const request = (): EnsureRequest => ({
    protocol: PROTOCOL,
    temporal,
    workers: options.workers,
    idle_minutes: options.idleMinutes,
    timeout_ms: Math.max(1, end - Date.now()),
  });
  let startedAt = 0;
  for (;;) {
    try {
      return await askEnsure(options.home, request(), options.onProgress ?? (() => undefined));
    } catch (error) {
      if (isOpsError(error) && error.details["ending"] !== true) throw await understood(options.home, error);
      if (!isOpsError(error) && !(error instanceof NotListening)) throw notAnswering(options.home, error);
    }
    if (Date.now() > end) throw notAnswering(options.home, undefined);
    if (Date.now() - startedAt > ANSWER_MS / 5 && !holderLives(options.home)) {
      if (startedAt === 0) options.onProgress?.("starting the supervisor");
      startedAt = Date.now();
      startSupervisor(options);
    }
    await sleep(25);
  }
}

/** An older supervisor that does not know this request is asked to leave what runs to a newer one. */
async function understood(home: string, error: OpsError): Promise<OpsError> {
  if (error.code !== "invalid_input") return error;
  const status = await supervisorStatus(home).catch(() => undefined);
  if (status === undefined || status.protocol >= PROTOCOL) return error;
  await stopSupervisor(home, "leave");
  return new OpsError("temporal_unavailable", "An older supervisor is handing over.", { hint: "Call again." });
}

function holderLives(home: string): boolean {
  const holder = readHolder(join(home, "supervisor", "lock"));
  return holder !== undefined && !isLock(holder) && isSameProcess(holder);
}

function notAnswering(home: string, cause: unknown): OpsError {
  const holder = readHolder(join(home, "supervisor", "lock"));
  if (holder !== undefined && isSameProcess(holder)) {
    return new OpsError("lock_held", `The supervisor (process ${holder.pid}) holds the lock of ${home} but does not answer.`, {
      hint: `End process ${holder.pid}; Temporal and workers go on, and the next call starts a new supervisor.`,
      details: { pid: holder.pid },
      cause,
    });
  }
  return new OpsError("temporal_unavailable", "The supervisor did not start.", {
    hint: `Its log is ${join(home, "logs", "supervisor.log")}.`,
    cause,
  });
}

/** In a session of its own: it outlives the client that started it, and its terminal. */
function startSupervisor(options: EnsureOptions): void {
  const folder = join(options.home, "supervisor");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openLog(join(options.home, "logs", "supervisor.log"));
  // its working directory tells it the data directory; the argument only tells a person who looks at `ps`
  const child = spawn(process.execPath, [options.supervisorEntry, options.home], {
    cwd: folder,
    env: { ...options.env },
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.on("error", () => undefined); // seen as a supervisor that does not answer
  child.unref();
}
