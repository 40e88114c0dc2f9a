import type { Json } from "../definition/definition.ts";

// A run is carried on from what its steps left: the interpreter walks the definition again and takes the outcome of a finished
// step from here. That is how a run survives continue-as-new.

export interface StepRecord {
  readonly status: "done" | "skipped" | "failed";
  readonly output?: Json;
  readonly error?: { readonly code: string; readonly message: string };
  readonly started_at: number;
  readonly ended_at: number;
}

export interface Journal {
  /** By path; children of a finished composite step are dropped. */
  readonly steps: { [path: string]: StepRecord };
  /** State after the finished steps, by scope path ("" is the run's own). */
  readonly state: { [scope: string]: { [name: string]: Json } };
  /** Paths of steps that can be undone, oldest first. */
  readonly undo: string[];
  /** When a timer, a lease or a deadline of an unfinished step began. */
  readonly began: { [path: string]: number };
}
