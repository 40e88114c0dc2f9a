import { readFileSync, rmSync, statSync } from "node:fs";
import type { WorkerAlive } from "../contract/alive.ts";
import type { ProcessIdentity } from "../process/process-table.ts";
import { signalProcess } from "./end-process.ts";
import type { WorkerSpec } from "./protocol.ts";
import type { WorkerRecord } from "./state.ts";

/** A worker writes its alive file every second; one that does not for this long is frozen and takes work into its grave. */
const FROZEN_MS = 10_000;
/** Time to the first alive file: Node, the native library and the sandbox are loaded before it. */
const FIRST_SIGN_MS = 60_000;

/** A build, and whether its Temporal is the local one. */
export interface Launch {
  readonly spec: WorkerSpec;
  readonly local: boolean;
}

/** A worker process that was started, by this supervisor or by its predecessor. */
export class WorkerSlot implements Launch {
  readonly spec: WorkerSpec;
  readonly local: boolean;
  readonly identity: ProcessIdentity;
  readonly startedAt = Date.now();
  readonly #aliveFile: string;
  alive: WorkerAlive | undefined;
  drainingSince: number | undefined;
  #lastMtime = 0;
  /** By our own clock: when the alive file was last seen to change. */
  #lastSign = Date.now();

  constructor(launch: Launch, identity: ProcessIdentity, aliveFile: string) {
    this.spec = launch.spec;
    this.local = launch.local;
    this.identity = identity;
    this.#aliveFile = aliveFile;
  }

  /** Reads its sign of life; kills it where there was none for too long. `gap`: this machine slept. Returns the silence of one that was killed. */
  look(gap: boolean): number | undefined {
    const now = Date.now();
    if (gap) this.#lastSign = now;
    try {
      const { mtimeMs } = statSync(this.#aliveFile);
      if (mtimeMs !== this.#lastMtime) {
        this.#lastMtime = mtimeMs;
        this.#lastSign = now;
        const alive = JSON.parse(readFileSync(this.#aliveFile, "utf8")) as WorkerAlive;
        if (alive.pid === this.identity.pid) this.alive = alive;
      }
    } catch {
      // not written yet, or seen half-written: the next look reads it
    }
    const silent = now - this.#lastSign;
    if (silent <= (this.alive === undefined ? FIRST_SIGN_MS : FROZEN_MS) || !signalProcess(this.identity, "SIGKILL")) return undefined;
    this.#lastSign = now;
    return silent;
  }

  /** Takes away what it leaves behind. */
  forget(): void {
    rmSync(this.#aliveFile, { force: true });
  }

  record(role: WorkerRecord["role"]): WorkerRecord {
    return { ...this.identity, spec: this.spec, local: this.local, alive_file: this.#aliveFile, role };
  }
}

/** What should run but does not just now is written down under a process that is gone. */
export function recordWithoutProcess(launch: Launch, role: WorkerRecord["role"]): WorkerRecord {
  return { pid: 0, start_time: "", spec: launch.spec, local: launch.local, alive_file: "", role };
}
