import type { Json } from "../definition/definition.ts";
import type { Completion, Failure } from "./completion.ts";
import type { ServerCall } from "./ports.ts";

// A run is carried on from what its steps left: the interpreter walks the definition again and takes the outcome of a finished
// step from here. That is how a run survives continue-as-new. Plain JSON, changed in place while the run goes on.

export interface StepRecord {
  readonly status: "done" | "skipped" | "failed";
  readonly output?: Json;
  readonly error?: { readonly code: string; readonly message: string };
  /** A binding that only simulates gave the output. */
  readonly simulated?: boolean;
  /** It failed because what is around it was ended. */
  readonly cut?: true;
  /** Where a failed step's `on_error` leads, as long as that is not over. */
  readonly then?: { readonly stop: Failure } | "steps";
  readonly started_at: number;
  readonly ended_at: number;
}

/** What undoes a finished step, with all templates filled when it finished. */
export interface Undo {
  readonly path: string;
  readonly title: string;
  readonly effect_key: string;
  readonly work: { readonly call: ServerCall } | { readonly prompt: string };
  readonly timeout: number;
  readonly idempotent: boolean;
}

/** A lock that is asked for or held, by the path of the definition that needs it. */
export interface LockRecord {
  readonly path: string;
  /** When it was asked for, in milliseconds since 1970: its place among those that wait. */
  readonly since: number;
  held?: true;
}

/** What an isolated scope (a run, a task, a sub-workflow) began with. */
export interface ScopeRecord {
  readonly inputs: { readonly [name: string]: Json };
  state: { readonly [name: string]: Json };
}

export interface Journal {
  /** Finished steps by path; children of a finished composite step are dropped, unless a later step may read them. */
  readonly steps: { [path: string]: StepRecord };
  /** Frame → step id → path of the record that `steps.<id>` means there. */
  readonly visible: { [frame: string]: { [id: string]: string } };
  /** By path; "" is the run's own. */
  readonly scopes: { [path: string]: ScopeRecord };
  /** When an unfinished step began; a step that began is not asked for its condition again. */
  readonly began: { [path: string]: number };
  /** What an unfinished step has decided: the branch, the items, the iteration, the outcome that is not known. */
  readonly marks: { [path: string]: Json };
  /** What can be undone, oldest first. */
  readonly undo: Undo[];
  /** By name. Absent in runs of earlier versions, and where no definition has locks. */
  locks?: { [name: string]: LockRecord };
  /** How many actions were asked for: bounded by the definition's budget. */
  actions: number;
  /** A cancellation was asked for. */
  cancel?: "stop" | "compensate";
  /** The run took longer than its definition allows. */
  out_of_time?: boolean;
  /** The steps are over; compensation and `finally` may not be. */
  ending?: Completion;
  /** A compensation failed. */
  undo_failed?: boolean;
  /** What a person was asked to undo by hand, by path. */
  readonly undo_asked: { [path: string]: { readonly undo: Undo; readonly message: string } };
}

/** The journal of a run that begins. */
export function emptyJournal(): Journal {
  return { steps: {}, visible: {}, scopes: {}, began: {}, marks: {}, undo: [], undo_asked: {}, actions: 0 };
}

/** Where it is kept that a step's time is over. */
export function overMark(path: string): string {
  return `${path}#over`;
}

/** Whether a key of the journal is that path, or of something below it. */
export function isAt(key: string, path: string): boolean {
  return key.startsWith(path) && /^[/[#]?$/.test(key.charAt(path.length));
}
