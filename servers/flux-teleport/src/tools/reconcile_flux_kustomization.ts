import { z } from "zod";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { reconcileNow } from "./flux-changes.ts";
import { kubernetes, namespace, objectName, WAIT_SECONDS, waitSeconds } from "./params.ts";
import { operationsTool } from "./result.ts";

const EMPTY = { outcome: null, output: "" };

export const reconcile_flux_kustomization = operationsTool({
  name: "reconcile_flux_kustomization",
  title: "Reconcile Flux Kustomization",
  description: "Fetches its source, applies it now, waits until ready.",
  effect: "write",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  failing: "Reconciliation failed",
  input: z.strictObject({ ...kubernetes, name: objectName, namespace, with_source: z.boolean().optional(), wait_seconds: waitSeconds }),
  async run({ cluster, node, name, namespace: given, with_source = true, wait_seconds = WAIT_SECONDS }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    const doing = { title: `Reconcile Kustomization ${name} in ${namespace}`, empty: EMPTY };
    return withCluster(deps, call, { cluster, node }, said, doing, (kubectl) =>
      reconcileNow(kubectl, { kind: "Kustomization", namespace, name }, { with_source, wait_seconds }, call),
    );
  },
});
