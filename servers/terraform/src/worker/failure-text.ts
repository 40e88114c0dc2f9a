import { isOpsError, type OpsError } from "@platform-ops/errors";
import { Redactor } from "@platform-ops/ledger";
import type { FailureRef, FailureText } from "./run-contract.ts";
import { updateView } from "./workspace/run-files.ts";
import type { StepCall, WorkerDeps } from "./worker-deps.ts";

/** Keeps a failure's words as an artifact, masked, and answers the reference that the history may hold. */
export async function keepFailure(
  deps: WorkerDeps,
  call: StepCall,
  workspace: string,
  error: OpsError,
  redactor: Redactor,
): Promise<FailureRef> {
  const { diagnostics, ...details } = error.details as { diagnostics?: unknown } & Record<string, unknown>;
  const text: FailureText = {
    workspace,
    code: error.code,
    message: error.message,
    hint: error.hint,
    ...(Array.isArray(diagnostics) ? { diagnostics: diagnostics.slice(0, 50) } : {}),
    details,
  };
  const digest = await deps.artifacts.putJson(redactor.value(text), { kind: "failure" });
  await updateView(deps.directory, call.run, workspace, { failure: digest });
  return { code: error.code, digest };
}

/** Keeps the failure of opening a workspace: no secret is known then but what is marked as one. */
export async function failureOfOpening(deps: WorkerDeps, call: StepCall, workspace: string, error: unknown): Promise<FailureRef> {
  if (!isStepFailure(error)) throw error;
  return await keepFailure(deps, call, workspace, error, new Redactor());
}

/** Failures of the machinery: a full disk says nothing about the step, and passes. */
const MACHINERY: ReadonlySet<string> = new Set(["cancelled", "unexpected", "storage_failed"]);

/** True for failures that belong to the step and are answered as data; all others are the machinery's. */
export function isStepFailure(error: unknown): error is OpsError {
  return isOpsError(error) && !MACHINERY.has(error.code);
}
