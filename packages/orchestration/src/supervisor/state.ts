import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { ProcessIdentity } from "../process/process-table.ts";
import type { WorkerSpec } from "./protocol.ts";

/** A worker process as it is written down. */
export interface WorkerRecord extends ProcessIdentity {
  readonly spec: WorkerSpec;
  readonly local: boolean;
  readonly alive_file: string;
  readonly role: "current" | "next" | "kept" | "draining";
}

/** What a supervisor must know of its predecessor: what runs, and on which port. */
export interface SupervisorState {
  /** Chosen once, so that workers and clients find a restarted Temporal again. */
  port?: number;
  temporal?: ProcessIdentity & { binary: string; server_version: string; database: string; port: number };
  workers: WorkerRecord[];
}

/** Reads state.json; a damaged or missing one is an empty state. */
export function readState(file: string): SupervisorState {
  try {
    const state = JSON.parse(readFileSync(file, "utf8")) as SupervisorState;
    return Array.isArray(state.workers) ? state : { workers: [] };
  } catch {
    return { workers: [] };
  }
}

/** Writes state.json whole: temporary file, flush, rename. It may hold variables of workers, so it is for the owner alone. */
export function writeState(file: string, state: SupervisorState): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.new`;
  const fd = openSync(temporary, "w", 0o600);
  try {
    writeSync(fd, JSON.stringify(state, undefined, 1));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, file);
}
