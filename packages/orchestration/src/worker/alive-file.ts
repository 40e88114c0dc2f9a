import { closeSync, openSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import type { WorkerAlive } from "../contract/alive.ts";
import { identify } from "../process/process-table.ts";

/** Milliseconds between two writings; a supervisor takes a file much older than this for a frozen worker. */
const INTERVAL = 1_000;

/** Writes the alive file every second, whole or not at all; where the disk takes no more, its time alone is told anew. */
export class AliveFile {
  readonly #path: string;
  #state: Omit<WorkerAlive, "at">;
  readonly #timer: NodeJS.Timeout;

  constructor(path: string, worker: { server: string; build: string }) {
    this.#path = path;
    this.#state = { pid: process.pid, ...identify(process.pid), phase: "connecting", open_runs: null, ...worker };
    this.#timer = setInterval(() => this.#write(), INTERVAL);
    this.#write();
  }

  /** Changes what is told, at once. */
  tell(change: Partial<Pick<WorkerAlive, "phase" | "open_runs" | "left_to">>): void {
    this.#state = { ...this.#state, ...change };
    this.#write();
  }

  /** Stops telling; the file stays, and its age says the rest. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #write(): void {
    const alive: WorkerAlive = { ...this.#state, at: new Date().toISOString() };
    try {
      writeFileSync(`${this.#path}.${process.pid}`, JSON.stringify(alive), { mode: 0o600 });
      renameSync(`${this.#path}.${process.pid}`, this.#path);
    } catch {
      this.#touch();
    }
  }

  /** A full disk takes no bytes, but an empty file and a new time: without that, a worker that waits for room would look frozen. */
  #touch(): void {
    try {
      closeSync(openSync(this.#path, "a", 0o600));
      const now = new Date();
      utimesSync(this.#path, now, now);
    } catch {
      // Not even that; the file's age tells.
    }
  }
}
