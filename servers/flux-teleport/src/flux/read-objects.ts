import { hasCode, type OpsError } from "@platform-ops/errors";
import type { Kubectl, Selection } from "../kubernetes/kubectl.ts";
import type { Projection } from "../kubernetes/projection.ts";
import { DETAIL_PROJECTION, FLUX_PROJECTION, fluxObject, type FluxObject, type ObjectRef } from "./flux-object.ts";
import { fluxKind, type FluxKind } from "./kinds.ts";

/** Objects of some kinds, and what could not be read of them. */
export interface ReadObjects {
  readonly objects: readonly FluxObject[];
  readonly rows: readonly Record<string, unknown>[];
  /** Kinds that this cluster does not have: a component of Flux is not installed, or older. */
  readonly absent: readonly string[];
  /** Set when Kubernetes gave only a part. */
  readonly failure?: OpsError;
}

/**
 * Reads all objects of the kinds with one kubectl. Where the cluster lacks one of the kinds kubectl gives none of the others
 * either; then it is asked which there are, and the rest is read.
 * @throws OpsError flux_missing when it has none of them, kubernetes_denied, kubernetes_unreachable, …
 */
export async function readObjects(
  kubectl: Kubectl,
  kinds: readonly FluxKind[],
  selection: Selection = {},
  projection: Projection = FLUX_PROJECTION,
): Promise<ReadObjects> {
  try {
    return { ...(await read(kubectl, kinds, selection, projection)), absent: [] };
  } catch (error) {
    if (!hasCode(error, "flux_missing") || kinds.length === 1) throw error;
    const served = await kubectl.resourceTypes();
    const present = kinds.filter((kind) => served.has(kind.resource));
    if (present.length === 0) throw error;
    const absent = kinds.filter((kind) => !served.has(kind.resource)).map((kind) => kind.kind);
    return { ...(await read(kubectl, present, selection, projection)), absent };
  }
}

async function read(kubectl: Kubectl, kinds: readonly FluxKind[], selection: Selection, projection: Projection) {
  const listed = await kubectl.list(
    kinds.map((kind) => kind.resource),
    selection,
    projection,
  );
  return { rows: listed.rows, objects: listed.rows.map(fluxObject), ...(listed.failure === undefined ? {} : { failure: listed.failure }) };
}

/**
 * One object with all that is shown of it.
 * @throws OpsError object_not_found, flux_missing, kubernetes_denied, …
 */
export async function readObject(kubectl: Kubectl, ref: ObjectRef): Promise<{ object: FluxObject; row: Record<string, unknown> }> {
  const row = await kubectl.get(fluxKind(ref.kind).resource, ref.namespace, ref.name, DETAIL_PROJECTION);
  return { row, object: fluxObject(row) };
}

/** The same, or undefined where there is none. */
export async function findObject(kubectl: Kubectl, ref: ObjectRef): Promise<FluxObject | undefined> {
  try {
    return (await readObject(kubectl, ref)).object;
  } catch (error) {
    if (hasCode(error, "object_not_found")) return undefined;
    throw error;
  }
}
