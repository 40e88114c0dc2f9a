import type { WorkerParts } from "@platform-ops/orchestration/worker";

/** What the activities work with. */
export type WorkerDeps = WorkerParts;

/** What an activity knows of its call; the Temporal side makes it, tests make it by hand. */
export interface StepCall {
  /** Workflow id of the run. */
  readonly run: string;
  /** Temporal's id of this execution of the run. */
  readonly execution: string;
  readonly attempt: number;
  /** Aborted: the step was cancelled. */
  readonly signal: AbortSignal;
  /** Aborted: this worker goes away; what changes things is left running for the next one. */
  readonly handover: AbortSignal;
  /** Latest progress; sent with the next heartbeat. */
  progress(details: unknown): void;
  /** Whether that run is open. */
  isOpen(run: string): Promise<boolean>;
}
