import { hasCode, OpsError } from "@platform-ops/errors";
import { connectionFault, failureOf, faultOf } from "../diagnosis/connection-fault.ts";
import { createNamespace } from "../diagnosis/cluster-commands.ts";
import { fromFailure, isNamespaceMissing } from "../failure/from-failure.ts";
import type { ConnectionTarget } from "./connection-target.ts";

/** Milliseconds for each step of the look that explains a failure: the caller has waited already. */
const LOOK_STEP = 1_500;

/** Whatever a connection to a Temporal, or a request over one, failed of → the failure that says which Temporal was tried, why, and what to do. */
export async function connectionFailure(target: ConnectionTarget, thrown: unknown): Promise<OpsError> {
  const failure = fromFailure(thrown);
  if (isNamespaceMissing(failure)) return namespaceMissing(failure, target);
  if (hasCode(failure, "temporal_denied")) return failureOf(faultOf("credentials_refused", target), target, thrown);
  if (!hasCode(failure, "temporal_unavailable")) return failure;
  return await unreachable(target, thrown);
}

/** The failure where a target could not be reached, by a look at it. A local Temporal is our own: it is there, or it is not. */
export async function unreachable(target: ConnectionTarget, cause?: unknown): Promise<OpsError> {
  const fault = target.mode === "local" ? undefined : await connectionFault(target, LOOK_STEP);
  return fault === undefined ? unavailable(target, cause) : failureOf(fault, target, cause);
}

function unavailable({ mode, address }: ConnectionTarget, cause: unknown): OpsError {
  const isLocal = mode === "local";
  return new OpsError("temporal_unavailable", `${isLocal ? "The local Temporal" : "Temporal"} at ${address} does not answer.`, {
    ...(isLocal ? {} : { hint: "Check that it runs and can be reached from here; correct TEMPORAL_ADDRESS and the TLS settings." }),
    details: { address, mode },
    cause,
  });
}

function namespaceMissing({ code, message, details }: OpsError, target: ConnectionTarget): OpsError {
  return new OpsError(code, message, {
    hint: `Correct TEMPORAL_NAMESPACE, or create the namespace: \`${createNamespace(target)}\`.`,
    details: { ...details, address: target.address, namespace: target.namespace },
  });
}
