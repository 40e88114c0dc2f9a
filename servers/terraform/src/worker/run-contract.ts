// What the client, the workflow and the activities of a run agree upon. Pure types and values: the workflow sandbox
// loads this file, so it imports nothing at run time. Everything here travels through Temporal's history, therefore
// it holds ids, digests, counts and addresses only; texts, plans, inputs and outputs are artifacts.

/** The workflow type, named as the source document names it. */
export const WORKFLOW_TYPE = "ParentWorkflow";
/** Prefix of every run's id; a ULID follows. */
export const RUN_ID_PREFIX = "terraform-parent-workflow-";
/** Subject prefix of a plan in an approval request. */
export const SUBJECT_PREFIX = "terraform:";
/** Signals of a run. */
export const SIGNAL_CANCEL = "cancel";
export const SIGNAL_REFRESH = "refresh_credentials";
/** The update that carries a decision. */
export const UPDATE_DECIDE = "decide";
/** How many workspaces one key of the memo holds: a change then writes few bytes, however large the run. */
export const MEMO_CHUNK = 16;
/** How often a plan that went stale is made anew before the workspace counts as failed. */
export const MAX_REPLANS = 3;

/** Waits for a held workspace have a queue of their own, so that they never take a slot from terraform. */
export function waitsQueue(taskQueue: string): string {
  return `${taskQueue}-waits`;
}

export type Operation = "init" | "validate" | "plan" | "apply";

/** Counts of a plan, in the order in which the memo keeps them. */
export interface Counts {
  add: number;
  change: number;
  destroy: number;
  replace: number;
  move: number;
  import: number;
  forget: number;
  outputs: number;
}
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

/** Arguments of `planWorkspace`. */
export interface PlanTask {
  readonly requester: string;
  readonly config: string;
  readonly environment: string;
  readonly node: number;
  readonly name: string;
  readonly operations: readonly Operation[];
  readonly apply: boolean;
  readonly lock_timeout_seconds: number;
  /** Outputs artifacts of what it uses, by workspace name. */
  readonly outputs: Readonly<Record<string, string>>;
}

/**
 * What `planWorkspace` answers. `approval` of a changed one: the artifact of the record that releases it without a person,
 * by policy or by the unused approval of a plan-only run. `outputs` and `pending` of one that stays unapplied: the last
 * outputs that the plan leaves as they are, and the names of those that others take and that it would change.
 */
export type PlanAnswer =
  | {
      readonly outcome: "changed";
      readonly plan: string;
      readonly counts: Counts;
      readonly kinds: readonly string[];
      readonly serial: number;
      readonly approval?: string;
      readonly outputs?: string;
      readonly pending?: readonly string[];
    }
  | { readonly outcome: "unchanged"; readonly outputs?: string; readonly counts?: Counts }
  | { readonly outcome: "checked"; readonly outputs?: string }
  | { readonly outcome: "held"; readonly holder: string }
  | { readonly outcome: "credentials"; readonly failure: FailureRef }
  | { readonly outcome: "failed"; readonly failure: FailureRef };

/** Arguments of `applyWorkspace`. */
export interface ApplyTask {
  readonly config: string;
  readonly environment: string;
  readonly node: number;
  readonly name: string;
  readonly lock_timeout_seconds: number;
  /** Artifact of the plan record. */
  readonly plan: string;
  /** Artifact of the approval record that releases it. */
  readonly approval: string;
  /** True: only find out how an earlier attempt ended; never start anything. */
  readonly only_look?: boolean;
}

/** What `applyWorkspace` answers. */
export type ApplyAnswer =
  | { readonly outcome: "done"; readonly outputs?: string }
  | { readonly outcome: "stale" }
  | { readonly outcome: "credentials"; readonly failure: FailureRef }
  | { readonly outcome: "not_done" | "partial" | "in_doubt"; readonly failure: FailureRef };

/** Arguments of `waitForWorkspace`. */
export interface WaitTask {
  readonly config: string;
  readonly node: number;
  readonly name: string;
  readonly holder: string;
}

/** One plan that waits. */
export interface PlanItem {
  readonly node: number;
  readonly name: string;
  readonly plan: string;
}

/** Arguments of `requestApproval`. */
export interface GateTask {
  readonly config: string;
  readonly requester: string;
  readonly approval_hours: number;
  readonly items: readonly PlanItem[];
  /** True when the plans stay unapplied in this run: the request is left for a later one. */
  readonly plan_only: boolean;
  /** The open request that this one replaces. */
  readonly supersedes?: string;
  /** Id of the request, drawn by the workflow: a retried attempt makes the same one. */
  readonly id: string;
}

/** What `requestApproval` answers. */
export interface GateAnswer {
  /** Plans that the replaced request had released already. */
  readonly released: readonly { readonly node: number; readonly approval: string }[];
  /** Plans refused by a decision that was already made. */
  readonly rejected?: readonly number[];
  /** The request that a person decides, when plans are left. */
  readonly request?: {
    readonly id: string;
    readonly expires_at: string;
    readonly channels: readonly string[];
    readonly nodes: readonly number[];
  };
}

/** Arguments of `checkDecision`; `record` is what came with the update, believed by nobody yet. */
export interface DecisionTask {
  readonly request: string;
  readonly record: unknown;
  readonly items: readonly PlanItem[];
}

/** What `checkDecision` answers. */
export interface DecisionAnswer {
  readonly decision: "approved" | "rejected";
  /** Artifact of the verified record. */
  readonly approval: string;
  readonly nodes: readonly number[];
}

/** Answer of the update `decide`, shown to the person who decided. */
export interface DecideAnswer {
  readonly decision: "approved" | "rejected";
  readonly workspaces: readonly string[];
}

/** Arguments of `releaseWorkspaces`. */
export interface ReleaseTask {
  readonly config: string;
  /** Workspaces whose lock the run gives back. */
  readonly names: readonly string[];
  /** A request to close with that status, where one is open. */
  readonly close?: { readonly request: string; readonly status: "expired" | "superseded" | "rejected" };
}

/** Arguments of `notify`. */
export interface NoticeTask {
  readonly event: "awaiting_approval" | "failed" | "in_doubt" | "expired" | "finished";
  readonly environment: string;
  readonly request?: string;
  readonly workspaces: readonly { readonly name: string; readonly state: WorkspaceState; readonly code?: string }[];
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

/** The activities by name, as the workflow calls them. */
export interface TerraformActivities {
  planWorkspace(task: PlanTask): Promise<PlanAnswer>;
  applyWorkspace(task: ApplyTask): Promise<ApplyAnswer>;
}
/** Polled by the waits queue. */
export interface WaitActivities {
  waitForWorkspace(task: WaitTask): Promise<void>;
}
/** Quick work without programs; local activities, but for `notify` and `finishRun`. */
export interface QuickActivities {
  requestApproval(task: GateTask): Promise<GateAnswer>;
  checkDecision(task: DecisionTask): Promise<DecisionAnswer>;
  releaseWorkspaces(task: ReleaseTask): Promise<void>;
  notify(task: NoticeTask): Promise<void>;
  /** Writes the report and answers its artifact. */
  finishRun(task: FinishTask): Promise<string>;
}
export type RunActivities = TerraformActivities & WaitActivities & QuickActivities;
