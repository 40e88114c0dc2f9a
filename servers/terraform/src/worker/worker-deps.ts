import type { Approvals, ArtifactStore, AuditLog, DataDirectory, Keyring, Logger, Policy } from "@platform-ops/ledger";

/** What the activities work with; built once by the worker's entry. */
export interface WorkerDeps {
  readonly directory: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  /** The worker's own policy decides, whatever the client that started the run believes. */
  readonly policy: Policy;
  readonly logger: Logger;
  /** Environment of the operator's notify command. */
  readonly notifyEnvironment: Readonly<Record<string, string>>;
}

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
