// What the client, the workflow and the activities of a run agree upon. Pure types and values: the workflow sandbox
// loads this file, so it imports nothing at run time. Everything here travels through Temporal's history, therefore
// it holds ids, digests, counts and addresses only; texts, plans, inputs and outputs are artifacts.
import type { Counts } from "../terraform/plan-summary.ts";

/** The workflow type, named as the source document names it. */
export const WORKFLOW_TYPE = "ParentWorkflow";
/** Prefix of every run's id; a ULID follows. */
export const RUN_ID_PREFIX = "terraform-parent-workflow-";
/** Subject prefix of a plan in an approval request. */
export const SUBJECT_PREFIX = "terraform:";
/** Signals of a run. */
export const SIGNAL_CANCEL = "cancel";
export const SIGNAL_REFRESH = "refresh_credentials";
/** How many workspaces one key of the memo holds: a change then writes few bytes, however large the run. */
export const MEMO_CHUNK = 16;
/** How often a plan that went stale is made anew before the workspace counts as failed. */
export const MAX_REPLANS = 3;

/** Waits for a held workspace have a queue of their own, so that they never take a slot from terraform. */
export function waitsQueue(taskQueue: string): string {
  return `${taskQueue}-waits`;
}

export type Operation = "init" | "validate" | "plan" | "apply";

export type { Counts };
/** The counts in the order in which the memo keeps them. */
export const COUNT_KEYS = [
  "add",
  "change",
  "destroy",
  "replace",
  "move",
  "import",
  "forget",
  "outputs",
] as const satisfies readonly (keyof Counts)[];

/** One workspace of a run. */
export interface RunNode {
  readonly name: string;
  /** Indexes of the workspaces that must be done before. */
  readonly needs: readonly number[];
  /** Those of `needs` whose outputs are inputs here; absent: all of them. */
  readonly uses?: readonly number[];
  /** The outputs that are inputs here, with whose they are. */
  readonly takes?: readonly (readonly [need: number, output: string])[];
  /** Empty: only the last outputs are read (a dependency that was not selected). */
  readonly operations: readonly Operation[];
  readonly apply: boolean;
  /** The queue on which its programs run, where it is not the run's own. */
  readonly queue?: string;
}

export interface RunOptions {
  /** How many terraform programs run at once. */
  readonly parallelism: number;
  /** How long an approval request lives. */
  readonly approval_hours: number;
  readonly lock_timeout_seconds: number;
  /** Name of the policy environment as the client saw it; the worker decides by its own policy. */
  readonly environment: string;
}

/** Input of a run. */
export interface RunInput {
  /** Artifact: the resolved InfraConfig. */
  readonly config: string;
  /** Artifact: the run's own environment ({@link RunEnvironment}). */
  readonly environment: string;
  readonly nodes: readonly RunNode[];
  readonly options: RunOptions;
  /** Who started it: `agent:<client>@<user>`, `tty:<user>`. */
  readonly requester: string;
  readonly server_version: string;
  /** True: all that the workspaces made is destroyed, dependents first. */
  readonly destroy?: true;
  /** Free references of the caller: pull request, commit, ticket. */
  readonly refs?: Readonly<Record<string, string>>;
}

/** The artifact behind `RunInput.environment`: programs of the run start with exactly this. */
export interface RunEnvironment {
  /** Variables that the operator's `terraform.env` names, with their values. */
  readonly variables: Readonly<Record<string, string>>;
  /** Programs by kind, as found when the run started. */
  readonly programs: Readonly<Partial<Record<"terraform" | "tofu", { path: string; version: string; digest: string }>>>;
  readonly roots: readonly string[];
  /** The operator's file of whoever started the run, where its worker is one of this machine: both must decide by the same. */
  readonly operators_file?: string;
  /** Digest of the environment that this one replaces (credentials renewed while the run was open). */
  readonly refreshes?: string;
}

/** Where a workspace stands. The first six are under way, the others final. */
export type WorkspaceState =
  | "waiting"
  | "held"
  | "credentials"
  | "planning"
  | "awaiting_approval"
  | "approved"
  | "applying"
  | "applied"
  | "unchanged"
  | "checked"
  | "planned"
  | "deferred"
  | "skipped"
  | "failed"
  | "partial"
  | "in_doubt"
  | "rejected"
  | "expired"
  | "cancelled";

/** Two letters a state, so that 200 workspaces fit into a memo. */
export const STATE_CODES = {
  waiting: "wa",
  held: "he",
  credentials: "cr",
  planning: "pg",
  awaiting_approval: "aw",
  approved: "ok",
  applying: "ag",
  applied: "ap",
  unchanged: "un",
  checked: "ch",
  planned: "pl",
  deferred: "de",
  skipped: "sk",
  failed: "fa",
  partial: "pa",
  in_doubt: "id",
  rejected: "re",
  expired: "ex",
  cancelled: "ca",
} as const satisfies Record<WorkspaceState, string>;

const FINAL: ReadonlySet<WorkspaceState> = new Set([
  "applied",
  "unchanged",
  "checked",
  "planned",
  "deferred",
  "skipped",
  "failed",
  "partial",
  "in_doubt",
  "rejected",
  "expired",
  "cancelled",
]);

/** True when nothing more will happen to the workspace in this run. */
export function isFinal(state: WorkspaceState): boolean {
  return FINAL.has(state);
}

/** True when its outputs may be consumed. */
export function isDone(state: WorkspaceState): boolean {
  return state === "applied" || state === "unchanged" || state === "checked";
}

/** Where the run as a whole stands. */
export type RunPhase =
  | "working"
  | "awaiting_approval"
  | "blocked"
  | "cancelling"
  | "completed"
  | "failed"
  | "rejected"
  | "expired"
  | "partial"
  | "cancelled";

export type CancelMode = "drain" | "stop";

/** A failure in the history: its text is an artifact. */
export interface FailureRef {
  readonly code: string;
  /** Artifact of {@link FailureText}. */
  readonly digest?: string;
}

/** The artifact behind {@link FailureRef}; masked. */
export interface FailureText {
  readonly workspace: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** The useful part of the program's own words. */
  readonly diagnostics?: readonly unknown[];
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Answer of the update `decide`, shown to the person who decided. */
export interface DecideAnswer {
  readonly decision: "approved" | "rejected";
  readonly workspaces: readonly string[];
}

/** One workspace in the run's report. */
export interface ReportNode {
  readonly name: string;
  readonly state: WorkspaceState;
  readonly needs: readonly number[];
  readonly counts?: Counts;
  readonly plan?: string;
  readonly outputs?: string;
  readonly approval?: string;
  readonly failure?: FailureRef;
  /** What it waited for in vain, or what was skipped because of it: a workspace name. */
  readonly cause?: string;
  /** Workflow time in ms since the epoch. */
  readonly planned_from?: number;
  readonly planned_to?: number;
  readonly applied_from?: number;
  readonly applied_to?: number;
}

/** Arguments of `finishRun`: everything that must outlive Temporal's retention. */
export interface FinishTask {
  readonly config: string;
  readonly phase: RunPhase;
  readonly reason: string;
  readonly requester: string;
  readonly server_version: string;
  readonly started_at: number;
  readonly nodes: readonly ReportNode[];
  readonly request?: string;
  readonly destroy?: true;
}

/** Result of a run that is COMPLETED, and details of the failure of one that is not. */
export interface RunResult {
  readonly phase: RunPhase;
  readonly reason: string;
  /** Artifact of the report. */
  readonly report: string;
  readonly applied: number;
  readonly unchanged: number;
  readonly planned: number;
}
