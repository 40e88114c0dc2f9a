import { quoteData, type Call, type ToolResult } from "@platform-ops/mcp-kit";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { printRef, type ObjectRef } from "../flux/flux-object.ts";
import { reconcile, type Reconciled } from "../flux/reconcile.ts";
import { statusOf } from "../flux/status.ts";
import { setSuspended } from "../flux/suspend.ts";
import { OpsError } from "@platform-ops/errors";
import { nextStep } from "./object-details.ts";
import { done } from "./result.ts";

/** Suspends or resumes, as a result in the words of the source. */
export async function suspendOrResume(kubectl: Kubectl, ref: ObjectRef, suspend: boolean): Promise<ToolResult> {
  const { object, changed, warning } = await setSuspended(kubectl, ref, suspend);
  const verb = suspend ? "Suspended" : "Resumed";
  const status = statusOf(object).status;
  const data = { suspended: object.suspended, changed, status, ...(warning === undefined ? {} : { warning }) };
  const body = [
    changed ? "" : `It was ${suspend ? "suspended" : "not suspended"} before; nothing was changed.`,
    suspend
      ? `Until it is resumed nothing of it is applied; what is in the cluster stays.`
      : `It reconciles by itself now, since its spec changed. Status: ${status}.`,
    warning === undefined ? "" : `Mind: ${warning}`,
  ];
  return done(`${verb} ${ref.name} in ${ref.namespace}`, data, body.filter((line) => line !== "").join("\n"));
}

/** What a reconciliation is asked for. */
export interface Reconciling {
  readonly with_source: boolean;
  readonly wait_seconds: number;
  readonly force?: boolean;
  readonly reset?: boolean;
}

/**
 * Reconciles, as a result.
 * @throws OpsError command_failed when it ran and failed
 */
export async function reconcileNow(kubectl: Kubectl, ref: ObjectRef, asked: Reconciling, call: Call): Promise<ToolResult> {
  const result = await reconcile(kubectl, ref, {
    withSource: asked.with_source,
    waitMs: asked.wait_seconds * 1000,
    ...(asked.force === true ? { force: true } : {}),
    ...(asked.reset === true ? { reset: true } : {}),
    signal: call.signal,
    progress: (message) => call.progress(message),
  });
  const { object, status, outcome } = result;
  if (outcome === "failed") throw failure(ref, result);
  const data = {
    outcome,
    status: status.status,
    revision: object.applied_revision ?? object.artifact?.revision ?? object.attempted_revision ?? null,
    sources: result.sources.map((source) => ({
      kind: source.kind,
      name: source.name,
      namespace: source.namespace,
      revision: source.artifact?.revision ?? null,
    })),
    ...(result.waits_for === undefined ? {} : { waits_for: result.waits_for }),
    output: status.message,
  };
  if (outcome === "reconciled") {
    return done("Reconciliation triggered successfully", data, `${printRef(ref)} is ready.\n${quoteData(status.reason, status.message)}`);
  }
  const next = nextStep(object, status) ?? `get_kustomization_details ${JSON.stringify({ name: ref.name, namespace: ref.namespace })}`;
  return done(
    "Reconciliation triggered successfully",
    { ...data, next },
    `It is not at its end: ${printRef(object)} waits for ${result.waits_for ?? "its run to end"}.\n${quoteData(status.status, status.message)}\nNext: ${next}`,
    "warn",
  );
}

function failure(ref: ObjectRef, { object, status }: Reconciled): OpsError {
  const { kind, name, namespace } = object;
  const where = kind === ref.kind && name === ref.name ? "" : ` at its source ${printRef(object)}`;
  return new OpsError("command_failed", `Reconciliation failed${where}: ${status.status}, ${status.reason}.`, {
    hint: `Call diagnose_flux_issues ${JSON.stringify({ ...(ref.kind === "Kustomization" ? {} : { kind: ref.kind }), name: ref.name, namespace: ref.namespace })}.`,
    details: {
      object: printRef({ kind, name, namespace }),
      status: status.status,
      reason: status.reason,
      output: status.message.slice(0, 1_500),
    },
  });
}
