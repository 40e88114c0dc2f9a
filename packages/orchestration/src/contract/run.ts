/** Temporal's own status words (WORKFLOW_EXECUTION_STATUS_* without the prefix, spelt as the server spells them). */
export type RunStatus = "RUNNING" | "COMPLETED" | "FAILED" | "CANCELED" | "TERMINATED" | "TIMED_OUT" | "CONTINUED_AS_NEW";

/** An activity that has been scheduled and has not ended: what the run is doing now. */
export interface PendingActivity {
  readonly activity_id: string;
  readonly type: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** What the activity last said of its progress, decoded; absent before the first heartbeat. */
  readonly heartbeat?: unknown;
  readonly last_heartbeat_at?: string;
  /** The message of the last attempt's failure, decoded. */
  readonly last_failure?: string;
  /** Identity of the worker that last took it. */
  readonly worker?: string;
}

/** A run as Temporal knows it, readable while no worker lives. */
export interface RunDescription {
  readonly workflow_id: string;
  readonly run_id: string;
  readonly type: string;
  readonly task_queue: string;
  readonly status: RunStatus;
  /** ISO 8601, as all times here. */
  readonly started_at: string;
  readonly closed_at?: string;
  readonly memo: Readonly<Record<string, unknown>>;
  readonly attributes: RunAttributes;
  /** Empty in lists: only `describe` reads them. */
  readonly pending: readonly PendingActivity[];
  /** True while the run's workflow task keeps failing: this worker build cannot carry it on. Always false in lists. */
  readonly needs_version: boolean;
  /** Another data directory's: sealed with a key that this one does not have. */
  readonly foreign?: true;
}

/** What runs are found by. Never encrypted: no secret, no name of a resource. */
export interface RunAttributes {
  readonly kind?: string;
  readonly server?: string;
  readonly environment?: string;
  readonly project?: string;
}

/** What to start. */
export interface StartRun {
  /** Workflow type, e.g. `ParentWorkflow`. */
  readonly type: string;
  /** Workflow id; a second open run of the same id is refused with `already_exists`. */
  readonly id: string;
  readonly args: readonly unknown[];
  /** Encrypted; bounded by MEMO_LIMIT_BYTES. */
  readonly memo: Readonly<Record<string, unknown>>;
  readonly attributes: RunAttributes & { readonly kind: string };
  readonly taskQueue: string;
  /** One line for Temporal's UI; encrypted. */
  readonly summary?: string;
}

/** Which runs to list. */
export interface RunFilter {
  readonly server?: string;
  readonly kind?: string;
  readonly environment?: string;
  readonly project?: string;
  /** true: only open ones; false: only closed ones; absent: all. */
  readonly open?: boolean;
  /** 1 to 1000. */
  readonly limit: number;
  /** As the last page returned it. */
  readonly cursor?: string;
}

/** One page of runs: open ones first, then the latest closed. */
export interface RunPage {
  readonly runs: readonly RunDescription[];
  readonly cursor?: string;
}
