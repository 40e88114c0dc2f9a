import type {
  ApprovalDecision,
  ApprovalDraft,
  CallOptions,
  CallOutcome,
  Receipt,
  RunEnd,
  ServerCall,
  TimelineEvent,
} from "@platform-ops/meta-workflow-registry/run";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { LockActivities } from "@platform-ops/orchestration/workflow";
import type { OpenApproval } from "./run-contract.ts";

/** A call that the server makes for a run. */
export interface CallTask {
  readonly call: ServerCall;
  readonly options: CallOptions;
  readonly requester: string;
  /** Names that the definition lists: no other secret is given to what is called. */
  readonly secrets: readonly string[];
  /** Digest of the run's own environment. */
  readonly environment?: string;
  /** A larger output, in bytes, is kept elsewhere. Absent in runs of earlier versions. */
  readonly room?: number;
}

/** A request to a person. */
export interface ApprovalTask {
  /** Drawn in the workflow, so that a repeated step makes the same request. */
  readonly id: string;
  readonly draft: ApprovalDraft;
  readonly digest: string;
  readonly workflow: string;
  readonly requester: string;
  /** Digest of the run's own environment: an approval binds it. */
  readonly environment?: string;
}

export interface DecisionTask {
  readonly request: string;
  readonly step_id: string;
  readonly digest: string;
  readonly record: unknown;
}

/** The end of a run, for its report. */
export interface FinishTask {
  readonly workflow: string;
  readonly version: string;
  readonly digest: string;
  readonly requester: string;
  readonly started_at: number;
  readonly end: RunEnd;
  readonly timeline: readonly TimelineEvent[];
  readonly state: Json;
  readonly inputs: Json;
  /** Paths of the steps that were finished. */
  readonly steps: readonly string[];
  /** Paths of those whose output a binding only simulated. */
  readonly simulated?: readonly string[];
  /** A result that is sent again after the end is answered by its receipt. */
  readonly receipts: readonly Receipt[];
}

export interface MetaWorkflowActivities extends LockActivities {
  callServer(task: CallTask): Promise<CallOutcome>;
  requestApproval(task: ApprovalTask): Promise<OpenApproval>;
  /** Verifies a record. Throws approval_* where it decides nothing. */
  checkDecision(task: DecisionTask): Promise<ApprovalDecision>;
  closeApproval(task: { readonly id: string; readonly status: "expired" | "superseded" }): Promise<void>;
  finishRun(task: FinishTask): Promise<void>;
}
