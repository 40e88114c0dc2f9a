// What goes into the activities and what comes out. Types only; it all stands in the history.
import type { Counts, FailureRef, FinishTask, Operation, WorkspaceState } from "./run-contract.ts";

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
  /** Plan to destroy all that the workspace made. */
  readonly destroy?: true;
}

/**
 * What `planWorkspace` answers. `approval` of a changed one: the artifact of the record that releases it without a person,
 * by policy or by the unused approval of a plan-only run. `outputs` and `pending` of one that stays unapplied: the last
 * outputs that the plan leaves as they are, and the names of those that others take and that it would change. `outputs` of
 * one that is to be destroyed: the last ones, for as long as it is there.
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

/** What `checkDecision` answers. `void`: the request's kept decision counts no more, so that the run has to ask anew. */
export type DecisionAnswer =
  | {
      readonly decision: "approved" | "rejected";
      /** Artifact of the verified record. */
      readonly approval: string;
      readonly nodes: readonly number[];
    }
  | { readonly decision: "void"; readonly code: string; readonly why: string };

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
