import type { Schedules } from "./schedules.ts";
import type { RunDescription, RunFilter, RunPage, StartRun } from "./run.ts";

/** Which Temporal a process talks to, as `doctor`, `ui` and status name it. */
export interface TemporalInUse {
  readonly mode: "local" | "cluster";
  readonly address: string;
  readonly namespace: string;
  readonly server_version?: string;
  readonly ui?: string;
  /** The worker build to which new runs go, where the supervisor keeps one. */
  readonly build?: string;
  /** Another Temporal listens on the default port 7233 of this machine, and is not used. */
  readonly other_on_7233?: boolean;
}

/** How a decision or a message is sent into a run. */
export interface UpdateOptions {
  /** Names the message: the same id gives the first outcome again. It must hold the argument's digest. */
  readonly updateId: string;
  readonly timeoutMs: number;
}

/** Durable runs, seen by a client. Every failure is an OpsError; nothing answers later than its deadline. */
export interface Orchestration {
  readonly inUse: TemporalInUse;
  readonly schedules: Schedules;
  /** Throws `already_exists` where an open run has that id. */
  start(options: StartRun): Promise<{ workflow_id: string; run_id: string }>;
  /** Throws `not_found`. Needs no worker. */
  describe(id: string): Promise<RunDescription>;
  list(filter: RunFilter): Promise<RunPage>;
  /** The newest answer of the run's updates that is wanted, if it is newer than the run's memo. Throws `not_found`. Needs no worker. */
  lastAnswer<T>(id: string, wanted: (answer: unknown) => T | undefined): Promise<T | undefined>;
  /**
   * Sends an update and waits for its answer. Throws what the run refused with; `not_confirmed` when the deadline
   * passed (send it again under the same id), `needs_version` when no worker can carry the run on.
   */
  update<T>(id: string, name: string, argument: unknown, options: UpdateOptions): Promise<T>;
  /**
   * Starts a run unless one of that id is open, and sends it an update, in one round trip. A run that was started stays
   * where the update is refused. Throws `already_exists` where a closed run has the id, and what `update` throws.
   */
  startWithUpdate<T>(run: StartRun, name: string, argument: unknown, options: UpdateOptions): Promise<T>;
  /** Asks a run something; leaves no trace in its history. Needs a worker. */
  query<T>(id: string, name: string, argument?: unknown): Promise<T>;
  /** How many open runs there are, as well as Temporal's index knows it. */
  countOpen(filter: { readonly server: string }): Promise<number>;
  /** Accepted by the server even when no worker lives. */
  signal(id: string, name: string, argument?: unknown): Promise<void>;
  /** Asks the run to stop; it cleans up and ends by itself. */
  cancel(id: string): Promise<void>;
  /** Whether a worker polled that queue within the last long poll (about a minute). */
  hasWorker(taskQueue: string): Promise<boolean>;
  /** Ends the run at once, with no clean-up. */
  terminate(id: string, reason: string): Promise<void>;
  /** Waits for the end. Throws the run's failure. */
  result<T>(id: string, signal?: AbortSignal): Promise<T>;
  /** The event history as Temporal's JSON, payloads still sealed. */
  history(id: string): Promise<unknown>;
  close(): Promise<void>;
}
