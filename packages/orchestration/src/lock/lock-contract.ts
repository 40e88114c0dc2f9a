// Locks between runs: pure names and shapes. A lock is held by the run that has the one open workflow of the lock's id
// (decision 22); what is waited for stands in ids too, so that runs of other data directories, whose payloads nobody else can
// open, are seen as well.

/** Workflow type of what holds a lock, and of what keeps a place among those that wait. */
export const LOCK_WORKFLOW = "RunLock";
/** Ends it: the lock is given back, or the place is left. Carries nothing. */
export const SIGNAL_RELEASE = "release";

/** Begins the ids; no id that a caller may choose holds an `@`. */
const PREFIX = "lock@";

/** The workflow id of a lock. `digest` is that of its name: the name itself stays out of Temporal's index. */
export function lockId(digest: string): string {
  return `${PREFIX}${digest}`;
}

/** The ids of all that wait for a lock begin with this. */
export function placesOf(lock: string): string {
  return `${lock}.`;
}

/** The workflow id of a run's place among those that wait: they sort in the order in which they asked. `since` is milliseconds since 1970. */
export function placeId(lock: string, since: number, run: string): string {
  return `${placesOf(lock)}${String(since).padStart(13, "0")}.${run}`;
}

/** The lock, and since when, of a place's id; undefined for other ids. */
export function placeOf(id: string): { readonly lock: string; readonly since: number } | undefined {
  const [, lock = "", since = ""] = /^(lock@[0-9a-f]+)\.(\d{13})\./.exec(id) ?? [];
  return lock === "" ? undefined : { lock, since: Number(since) };
}

/** Who holds a lock. */
export interface LockHolder {
  /** Workflow id. */
  readonly run: string;
  /** ISO 8601. */
  readonly since: string;
}

/** What a run asks of a lock. */
export interface LockTask {
  readonly lock: string;
  readonly since: number;
  /** Locks that the run holds. */
  readonly holds: readonly string[];
  /** The holder that it knows of: it is answered once that has changed. Absent: answered at once. */
  readonly known?: { readonly by?: LockHolder };
}

/** How a lock stands for the run that asks. `by` is absent where it is free and others asked before. */
export type LockLook =
  | { readonly state: "free" | "ours" | "deadlock" }
  | {
      readonly state: "waits";
      readonly by?: LockHolder;
    };

/** The activities that locks need; a worker that offers the workflow offers these too. */
export interface LockActivities {
  lookAtLock(task: LockTask): Promise<LockLook>;
  /** Whether the run that began the calling workflow is still open, also where it was carried on. */
  isOwnerOpen(): Promise<boolean>;
}
