import { ERROR_CODES, OpsError, fromPlain, isOpsError, type ErrorCode, type PlainError } from "@platform-ops/errors";
import { isForeign } from "../codec/foreign.ts";

/** A failure as the SDK throws it; told apart by `name`, since classes lose their identity across bundles and the sandbox. */
interface SdkFailure {
  readonly name?: string;
  readonly message?: string;
  readonly type?: string | null;
  readonly details?: readonly unknown[] | string | null;
  readonly code?: number;
  readonly cause?: unknown;
}

/** gRPC status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html) that have a code of ours. */
const GRPC_CODES: Readonly<Record<number, ErrorCode>> = {
  3: "invalid_input",
  4: "temporal_unavailable",
  5: "not_found",
  6: "already_exists",
  7: "temporal_denied",
  8: "temporal_unavailable",
  13: "temporal_unavailable",
  14: "temporal_unavailable",
  16: "temporal_denied",
};

const WORDS: Partial<Record<ErrorCode, string>> = {
  invalid_input: "Temporal refused the request as malformed.",
  temporal_unavailable: "Temporal does not answer.",
  temporal_denied: "Temporal refuses the credentials.",
  not_found: "Temporal knows no such run.",
  already_exists: "A run with that id is open already.",
  unexpected: "The run failed in a way that was not foreseen.",
};

const worded = (code: ErrorCode, cause: unknown, message = WORDS[code] ?? ERROR_CODES[code].meaning): OpsError =>
  new OpsError(code, message, { cause });

function isPlainError(value: unknown): value is PlainError {
  if (typeof value !== "object" || value === null || isForeign(value)) return false;
  const plain = value as Partial<PlainError>;
  return typeof plain.code === "string" && plain.code in ERROR_CODES && typeof plain.message === "string" && typeof plain.hint === "string";
}

function fromApplicationFailure(failure: SdkFailure): OpsError {
  const plain = Array.isArray(failure.details) ? failure.details[0] : undefined;
  if (isPlainError(plain)) return fromPlain({ ...plain, retryable: plain.retryable === true, details: plain.details ?? {} });
  return worded("unexpected", failure);
}

function fromServiceError(error: SdkFailure): OpsError {
  const grpc = typeof error.code === "number" ? error : (error.cause as SdkFailure | undefined);
  // A worker's connection says it in the message alone.
  const said = typeof grpc?.details === "string" && grpc.details !== "" ? grpc.details : (error.message ?? "");
  if (grpc?.code === 9 && /workflow task in failed state/i.test(said)) return needsVersion(error);
  if (grpc?.code === 9 && /no poller|no worker/i.test(said)) return worded("worker_unavailable", error);
  // Requests that the SDK does not word itself; the server's common/namespace registry says it so.
  if (grpc?.code === 5 && /\bNamespace \S+ is not found\b/i.test(said)) return namespaceMissing(error);
  return worded(GRPC_CODES[grpc?.code ?? -1] ?? "temporal_unavailable", error);
}

const NAMESPACE_MISSING = "namespace_missing";

/** True where Temporal answered that it has no such namespace. */
export function isNamespaceMissing(failure: OpsError): boolean {
  return failure.details["reason"] === NAMESPACE_MISSING;
}

function namespaceMissing(cause: unknown): OpsError {
  return new OpsError("temporal_denied", "The namespace does not exist in this Temporal.", {
    hint: "Correct TEMPORAL_NAMESPACE, or create the namespace: `temporal operator namespace create --namespace NAME --retention 90d`.",
    details: { reason: NAMESPACE_MISSING },
    cause,
  });
}

/** The run's workflow task keeps failing: no worker that polls now can carry it on. */
export function needsVersion(cause?: unknown): OpsError {
  return new OpsError("needs_version", "The worker that runs now cannot carry this run on; it needs the build that started it.", { cause });
}

/** A run that has ended takes no more messages. */
export function runHasEnded(cause?: unknown): OpsError {
  return new OpsError("conflict", "The run has ended; it takes no more messages.", {
    hint: "Look at its status; start a new run if it is still wanted.",
    retryable: false,
    cause,
  });
}

/**
 * Whatever Temporal's packages throw → OpsError: wrappers (workflow, activity, child) are opened, an application failure
 * gives back the OpsError that it carries, words of others are never taken over. The inverse of `toApplicationFailure`.
 */
export function fromFailure(thrown: unknown): OpsError {
  if (isOpsError(thrown)) return thrown;
  const failure = (typeof thrown === "object" && thrown !== null ? thrown : {}) as SdkFailure;
  switch (failure.name) {
    case "ApplicationFailure":
      return fromApplicationFailure(failure);
    case "WorkflowFailedError":
    case "WorkflowUpdateFailedError":
    case "ActivityFailure":
    case "ChildWorkflowFailure":
      return failure.cause === undefined ? worded("unexpected", thrown) : fromFailure(failure.cause);
    case "CancelledFailure":
      return worded("cancelled", thrown, "It was cancelled.");
    case "TerminatedFailure":
      return worded("cancelled", thrown, "It was terminated by an operator.");
    case "TimeoutFailure":
      return worded("timed_out", thrown, "A step took longer than its limit.");
    case "WorkflowNotFoundError":
      return /already completed/i.test(failure.message ?? "") ? runHasEnded(thrown) : worded("not_found", thrown);
    case "NamespaceNotFoundError":
      return namespaceMissing(thrown);
    case "WorkflowExecutionAlreadyStartedError":
      return worded("already_exists", thrown);
    case "WorkflowUpdateRPCTimeoutOrCancelledError":
      return new OpsError("not_confirmed", "It was sent, but no answer came in time; it may or may not have been recorded.", {
        cause: thrown,
      });
    default:
      return typeof failure.code === "number" ||
        failure.name === "ServiceError" ||
        (failure.cause as SdkFailure | undefined)?.code !== undefined
        ? fromServiceError(failure)
        : worded("unexpected", thrown);
  }
}
