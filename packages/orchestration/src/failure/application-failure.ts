import { OpsError, isOpsError, toPlain } from "@platform-ops/errors";
import { ApplicationFailure } from "@temporalio/common";

/** How Temporal should treat a failure of ours. */
export interface ApplicationFailureOptions {
  /** Let Temporal try the same activity again by its retry policy. Default false: a step is never repeated blindly. */
  readonly retry?: boolean;
  /** Milliseconds until that next attempt, instead of the policy's. */
  readonly nextRetryDelayMs?: number;
}

/**
 * OpsError → ApplicationFailure: the type is the code, the first detail the plain error (message, hint, details).
 * Works in the workflow sandbox too. `fromFailure` is its inverse; there is no other mapping.
 */
export function toApplicationFailure(error: OpsError, options: ApplicationFailureOptions = {}): ApplicationFailure {
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: options.retry !== true,
    details: [toPlain(error)],
    ...(options.nextRetryDelayMs === undefined ? {} : { nextRetryDelay: options.nextRetryDelayMs }),
  });
}

/** Anything thrown → what a workflow or an activity may throw: our errors by their code, others as `unexpected` without their words. */
export function asApplicationFailure(thrown: unknown, options: ApplicationFailureOptions = {}): ApplicationFailure {
  if (thrown instanceof ApplicationFailure) return thrown;
  if (isOpsError(thrown)) return toApplicationFailure(thrown, options);
  return toApplicationFailure(new OpsError("unexpected", "A step failed in a way that was not foreseen."), options);
}
