// Drives terraform and tofu. Everything comes as arguments; nothing here reads the environment of this process.
export { applyPlan, type ApplyRequest, type ApplyResult } from "./apply.ts";
export { type ApplyOutcome } from "./apply-outcome.ts";
export { childEnvironment, collectEnvironment } from "./child-environment.ts";
export { ensureInit } from "./init.ts";
export { classifyLock, parseLockInfo, type LockHolderRecord, type LockInfo, type LockOwner } from "./lock-info.ts";
export { readOutputs, type Outputs } from "./outputs.ts";
export { releaseDeadLock } from "./release-lock.ts";
export { planWorkspace, type PlanInputs, type PlanResult } from "./plan.ts";
export { type ChangeKind, type Counts, type FailedCheck, type OutputChange, type ResourceChange } from "./plan-summary.ts";
export { preflight, preflightFailure, type ExpectedState, type PreflightVerdict } from "./preflight.ts";
export { findProgram } from "./program.ts";
export { type ProgramRef, type Progress, type RawJson, type StepContext, type StepName } from "./step.ts";
export { type StartedResource } from "./stream-facts.ts";
export { resolveVariables, tfvarsJson, type InputMapping, type WorkspaceOutputs } from "./variables.ts";
