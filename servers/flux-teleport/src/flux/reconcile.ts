import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { OpsError } from "@platform-ops/errors";
import type { Annotation, Kubectl } from "../kubernetes/kubectl.ts";
import { printRef, type FluxObject, type ObjectRef } from "./flux-object.ts";
import { fluxKind } from "./kinds.ts";
import { findObject, readObject } from "./read-objects.ts";
import { statusOf, type Status } from "./status.ts";

export interface ReconcileOptions {
  /** Fetch the source anew first, and wait for it. */
  readonly withSource: boolean;
  /** How long to wait for the end, in milliseconds. */
  readonly waitMs: number;
  /** HelmRelease: upgrade even if nothing changed. */
  readonly force?: boolean;
  /** HelmRelease: forget the failures that used up its retries. */
  readonly reset?: boolean;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. */
  readonly pollMs?: number;
  progress(message: string): void;
}

/**
 * reconciled: it ran after our request, and is ready. failed: it ran and failed. waiting: it did not come to its end; `waits_for`
 * says what is missing.
 */
export interface Reconciled {
  readonly outcome: "reconciled" | "failed" | "waiting";
  /** The object that decided: the one asked for, or the source on its way. */
  readonly object: FluxObject;
  readonly status: Status;
  readonly waits_for?: string;
  /** The sources that were fetched first. */
  readonly sources: readonly FluxObject[];
}

const POLL_MS = 700;
const REQUESTED_AT = "reconcile.fluxcd.io/requestedAt";

/**
 * Asks Flux to reconcile an object now, as `flux reconcile` does, and waits for what comes of it. A request that the controller
 * has not taken up yet is joined, not repeated.
 * @throws OpsError suspended, object_not_found, invalid_input for a kind that is not reconciled, kubernetes_denied, …
 */
export async function reconcile(kubectl: Kubectl, ref: ObjectRef, options: ReconcileOptions): Promise<Reconciled> {
  const deadline = Date.now() + options.waitMs;
  const { object } = await readObject(kubectl, ref);
  if (!fluxKind(ref.kind).reconciles)
    throw new OpsError("invalid_input", `${ref.kind} objects only hold settings: there is nothing to reconcile.`);
  refuseSuspended(object, "");
  const before = options.withSource ? await sourcesOf(kubectl, object) : [];
  const plainly = { ...options, force: false, reset: false };
  const requests = [...before.map((source) => requestOf(source, plainly)), requestOf(object, options)];
  await kubectl.foresee(requests.flatMap(({ annotation }) => annotation ?? []));
  const sources: FluxObject[] = [];
  for (const source of before) {
    const fetched = await requestAndWait(kubectl, source, undefined, deadline, plainly);
    if (fetched.outcome !== "reconciled") return { ...fetched, sources };
    sources.push(fetched.object);
  }
  const revision = ref.kind === "Kustomization" ? sources.at(-1)?.artifact?.revision : undefined;
  return { ...(await requestAndWait(kubectl, object, revision, deadline, options)), sources };
}

function refuseSuspended(object: FluxObject, why: string): void {
  if (!object.suspended) return;
  throw new OpsError("suspended", `${printRef(object)} is suspended${why}, so nothing would happen.`, {
    hint:
      object.kind === "Kustomization" ? "Resume it first, with resume_flux_kustomization." : "Resume it first, with change_flux_object.",
  });
}

/** What is to be fetched before the object, outermost first. A HelmRelease has a HelmChart, which has a source of its own. */
async function sourcesOf(kubectl: Kubectl, object: FluxObject): Promise<FluxObject[]> {
  const refs = [object.source, object.kind === "HelmRelease" && object.chart !== undefined ? object.chart : undefined];
  const found: FluxObject[] = [];
  for (const ref of refs) {
    if (ref === undefined || fluxKind(ref.kind).role !== "source") continue;
    const source = await findObject(kubectl, ref);
    if (source === undefined) {
      throw new OpsError("object_not_found", `The source ${printRef(ref)} of ${printRef(object)} does not exist.`, {
        hint: "Correct spec.sourceRef in Git, or create the source; list_flux_sources shows what there is.",
      });
    }
    refuseSuspended(source, `, the source of ${printRef(object)}`);
    found.push(source);
  }
  return found;
}

async function requestAndWait(
  kubectl: Kubectl,
  object: FluxObject,
  revision: string | undefined,
  deadline: number,
  options: ReconcileOptions,
): Promise<Omit<Reconciled, "sources">> {
  const { token, annotation } = requestOf(object, options);
  if (annotation !== undefined) await kubectl.annotate(annotation);
  let seen = "";
  for (;;) {
    const { object: now } = await readObject(kubectl, object);
    const judged = judge(now, token, revision);
    if (judged.outcome !== "waiting" || judged.final || Date.now() >= deadline || options.signal.aborted) {
      const { final: _, ...result } = judged;
      return { ...result, object: now };
    }
    if (judged.waits_for !== undefined && judged.waits_for !== seen) options.progress(`${printRef(now)}: ${judged.waits_for}`);
    seen = judged.waits_for ?? "";
    await sleep(Math.max(0, Math.min(options.pollMs ?? POLL_MS, deadline - Date.now())), undefined, { signal: options.signal }).catch(
      () => undefined,
    );
  }
}

/** What asks for a run of the object, and by which token its handling is known. One that is on its way already is joined. */
function requestOf(object: FluxObject, { force, reset }: ReconcileOptions): { token: string; annotation?: Annotation } {
  const isPending = object.requested_at !== undefined && object.requested_at !== object.last_handled;
  if (isPending && !force && !reset) return { token: object.requested_at as string };
  const token = nextToken(object);
  const annotations = {
    [REQUESTED_AT]: token,
    ...(force ? { "reconcile.fluxcd.io/forceAt": token } : {}),
    ...(reset ? { "reconcile.fluxcd.io/resetAt": token } : {}),
  };
  const { resource } = fluxKind(object.kind);
  return { token, annotation: { resource, namespace: object.namespace, name: object.name, annotations } };
}

/**
 * Any text that differs from the last one will do. This one follows from what the object says now, so that a call which has to
 * be approved first is the same command when it is made again.
 */
export function nextToken(object: Pick<FluxObject, "uid" | "requested_at" | "last_handled" | "generation">): string {
  const state = JSON.stringify([object.uid ?? "", object.requested_at ?? "", object.last_handled ?? "", object.generation]);
  return `platform-ops-${createHash("sha256").update(state).digest("hex").slice(0, 24)}`;
}

interface Judged {
  readonly outcome: Reconciled["outcome"];
  readonly status: Status;
  readonly waits_for?: string;
  /** Waiting longer here would not help. */
  readonly final?: boolean;
}

/**
 * What an object says of our request. That the request was handled does not prove that anything ran: it is also written for an
 * object that is suspended or held back by a dependency.
 */
export function judge(object: FluxObject, token: string, revision: string | undefined): Judged {
  const status = statusOf(object);
  const waiting = (waits_for: string, final = false): Judged => ({ outcome: "waiting", status, waits_for, final });
  if (object.suspended) return waiting("it was suspended meanwhile", true);
  if (object.last_handled !== token) return waiting(`${fluxKind(object.kind).controller} has not taken up the request`);
  if (status.status === "stalled") return { outcome: "failed", status };
  if (status.status === "ready") {
    if (revision !== undefined && object.attempted_revision !== revision) return waiting(`the run with revision ${revision}`);
    return { outcome: "reconciled", status };
  }
  if (status.status !== "not ready") return waiting("its run to end");
  if (status.reason === "HealthCheckCanceled") return waiting("the run that was triggered meanwhile");
  if (status.reason !== "DependencyNotReady") return { outcome: "failed", status };
  return waiting(`its dependencies: ${object.depends_on.map(printRef).join(", ") || "see its message"}`, true);
}
