import { existsSync } from "node:fs";
import { request } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OpsError, fromPlain, type PlainError } from "@platform-ops/errors";
import { isSameProcess, type ProcessIdentity } from "../process/process-table.ts";
import { endProcess } from "../supervisor/end-process.ts";
import { isLock, readHolder, takeLock } from "../supervisor/lock.ts";
import { readState } from "../supervisor/state.ts";
import type { TemporalUi } from "../supervisor/start-dev.ts";
import { socketPath, type EnsureLine, type EnsureRequest, type SupervisorStatus } from "../supervisor/protocol.ts";

/** Workers hand over in milliseconds and Temporal ends in a second; each has fifteen before it is killed. */
const GONE_MS = 35_000;

/** Nobody listens: the supervisor is not there (any more, or yet). */
export class NotListening extends Error {}

/** How the supervisor of a data directory stands; undefined where none runs. Does not count as use. */
export async function supervisorStatus(home: string, timeoutMs = 5_000): Promise<SupervisorStatus | undefined> {
  try {
    return JSON.parse(await send(home, "GET", "/status", undefined, timeoutMs)) as SupervisorStatus;
  } catch (error) {
    if (error instanceof NotListening) return undefined;
    throw error;
  }
}

/** Tells the supervisor that somebody is still there; false where none runs. */
export async function touchSupervisor(home: string): Promise<boolean> {
  return await told(home, "/touch");
}

/**
 * Ends the supervisor and waits until it is gone; `leave` keeps Temporal and workers running for its successor, `stop`
 * ends them first, also those that a dead supervisor left. False where there was nothing to end.
 */
export async function stopSupervisor(home: string, mode: "stop" | "leave" = "stop"): Promise<boolean> {
  const lock = join(home, "supervisor", "lock");
  const holder = readHolder(lock);
  const asked = await told(home, mode === "stop" ? "/stop" : "/handover");
  if (asked && holder !== undefined) await gone(holder);
  return (mode === "stop" && (await stopLeftovers(home, lock))) || asked;
}

async function gone(process: ProcessIdentity): Promise<void> {
  const end = Date.now() + GONE_MS;
  while (isSameProcess(process) && Date.now() < end) await sleep(25);
}

/** Ends what runs without a supervisor, under its lock, so that a new one cannot adopt it at the same time. */
async function stopLeftovers(home: string, lockFile: string): Promise<boolean> {
  if (!existsSync(dirname(lockFile))) return false;
  const lock = takeLock(lockFile);
  if (!isLock(lock)) return false;
  try {
    const state = readState(join(home, "supervisor", "state.json"));
    const workers = state.workers.filter((worker) => isSameProcess(worker));
    await Promise.all(workers.map((worker) => endProcess(worker, 15_000)));
    const temporal = state.temporal !== undefined && isSameProcess(state.temporal) ? state.temporal : undefined;
    if (temporal !== undefined) await endProcess(temporal, 15_000);
    return workers.length > 0 || temporal !== undefined;
  } finally {
    lock.release();
  }
}

/**
 * Has Temporal's own page shown (for a minute, then asked for again) or taken away; its address once it is there.
 * @throws OpsError temporal_unavailable, where nothing local runs
 */
export async function showTemporalUi(home: string, ui: TemporalUi | null): Promise<string | undefined> {
  try {
    const answer = JSON.parse(await send(home, "POST", "/ui", ui, 40_000)) as { address?: string; error?: PlainError };
    if (answer.error !== undefined) throw fromPlain(answer.error);
    return answer.address;
  } catch (error) {
    if (error instanceof NotListening)
      throw new OpsError("temporal_unavailable", "No local Temporal runs.", {
        hint: "Start a run first; a cluster has a page of its own.",
      });
    throw error;
  }
}

async function told(home: string, path: string): Promise<boolean> {
  try {
    await send(home, "POST", path, undefined, 5_000);
    return true;
  } catch (error) {
    if (error instanceof NotListening) return false;
    throw error;
  }
}

/** Sends /ensure and follows its lines. Throws NotListening, or the supervisor's own failure. */
export async function askEnsure(home: string, ensure: EnsureRequest, onProgress: (line: string) => void): Promise<SupervisorStatus> {
  let last: EnsureLine | undefined;
  await send(home, "POST", "/ensure", ensure, ensure.timeout_ms + 5_000, (text) => {
    last = JSON.parse(text) as EnsureLine;
    if ("progress" in last) onProgress(last.progress);
  });
  if (last === undefined || "progress" in last) throw new NotListening("it ended while it was asked");
  if ("error" in last) throw fromPlain(last.error satisfies PlainError);
  return last.status;
}

function send(
  home: string,
  method: string,
  path: string,
  body: unknown,
  timeoutMs: number,
  onLine?: (line: string) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const gone = (error: NodeJS.ErrnoException): boolean => ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(error.code ?? "");
    const fail = (error: Error): void => reject(gone(error) ? new NotListening(error.message) : error);
    const call = request(
      { socketPath: socketPath(home), method, path, agent: false, timeout: timeoutMs, headers: { "content-type": "application/json" } },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (onLine === undefined) return;
          const lines = text.split("\n");
          text = lines.pop() ?? "";
          for (const line of lines) onLine(line);
        });
        response.once("error", fail);
        response.once("end", () => {
          if (onLine !== undefined && text.trim() !== "") onLine(text);
          resolve(text);
        });
      },
    );
    call.once("timeout", () => call.destroy(Object.assign(new Error("the supervisor does not answer"), { code: "ETIMEDOUT" })));
    call.once("error", fail);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
