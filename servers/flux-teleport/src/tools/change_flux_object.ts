import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { fluxKind } from "../flux/kinds.ts";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { reconcileNow, suspendOrResume } from "./flux-changes.ts";
import { kindName, kubernetes, namespace, objectName, WAIT_SECONDS, waitSeconds } from "./params.ts";
import { operationsTool } from "./result.ts";

const EMPTY = { outcome: null };
const ACTIONS = ["reconcile", "suspend", "resume", "force", "reset"] as const;

export const change_flux_object = operationsTool({
  name: "change_flux_object",
  title: "Change Flux object",
  description: "Force: upgrade a HelmRelease anyway; reset: forget its failures.",
  effect: "write",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, kind: kindName, name: objectName, namespace, action: z.enum(ACTIONS), wait_seconds: waitSeconds }),
  async run({ cluster, node, kind, name, namespace: given, action, wait_seconds = WAIT_SECONDS }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    if ((action === "force" || action === "reset") && kind !== "HelmRelease") {
      throw new OpsError("invalid_input", `action ${action} is only for a HelmRelease.`, { hint: "Use action reconcile." });
    }
    const ref = { kind: fluxKind(kind).kind, namespace, name };
    const doing = { title: `${action} ${kind} ${name} in ${namespace}`, empty: EMPTY };
    return withCluster(deps, call, { cluster, node }, said, doing, (kubectl) =>
      action === "suspend" || action === "resume"
        ? suspendOrResume(kubectl, ref, action === "suspend")
        : reconcileNow(kubectl, ref, { with_source: true, wait_seconds, force: action === "force", reset: action === "reset" }, call),
    );
  },
});
