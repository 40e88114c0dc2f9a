import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { printRef, type FluxObject, type ObjectRef } from "./flux-object.ts";
import { fluxKind } from "./kinds.ts";
import { readObject } from "./read-objects.ts";

/** What became of a suspend or resume. */
export interface Suspended {
  readonly object: FluxObject;
  /** False when it was so before. */
  readonly changed: boolean;
  /** What may undo it. */
  readonly warning?: string;
}

const MAY_HAVE_RUN = new Set(["connection_lost", "command_timeout", "command_killed", "timed_out", "cancelled"]);

/**
 * Suspends or resumes one object, and reads it back: only what Kubernetes then says counts.
 * @throws OpsError object_not_found, kubernetes_denied, conflict when something sets it back at once, in_doubt when it cannot be looked at
 */
export async function setSuspended(kubectl: Kubectl, ref: ObjectRef, suspended: boolean): Promise<Suspended> {
  const { resource } = fluxKind(ref.kind);
  const before = (await readObject(kubectl, ref)).object;
  if (before.suspended === suspended) return { object: before, changed: false };
  let broken: OpsError | undefined;
  try {
    await kubectl.patch(resource, ref.namespace, ref.name, { spec: { suspend: suspended } });
  } catch (error) {
    // The patch may have arrived although its end was not seen: the object tells.
    if (!isOpsError(error) || !MAY_HAVE_RUN.has(error.code)) throw error;
    broken = error;
  }
  const after = await readBack(kubectl, ref, broken);
  if (after.suspended !== suspended) {
    if (broken !== undefined) throw broken;
    throw new OpsError("conflict", `${printRef(ref)} was ${suspended ? "suspended" : "resumed"} and set back at once by something else.`, {
      hint: after.parent === undefined ? "Find out who writes it." : `Git has the last word: look at ${printRef(after.parent)}.`,
    });
  }
  return { object: after, changed: true, ...warning(after) };
}

async function readBack(kubectl: Kubectl, ref: ObjectRef, broken: OpsError | undefined): Promise<FluxObject> {
  try {
    return (await readObject(kubectl, ref)).object;
  } catch (error) {
    throw new OpsError("in_doubt", `${printRef(ref)} was patched, but could not be read back.`, {
      hint: "Look at it with list_flux_objects before anything is repeated.",
      cause: broken ?? error,
    });
  }
}

function warning(object: FluxObject): { warning?: string } {
  if (object.parent === undefined) return {};
  return { warning: `${printRef(object.parent)} applies this object: if Git sets spec.suspend itself, Git wins at its next run.` };
}
