import { z } from "zod";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { suspendOrResume } from "./flux-changes.ts";
import { kubernetes, namespace, objectName } from "./params.ts";
import { operationsTool } from "./result.ts";

const EMPTY = { suspended: null };

export const resume_flux_kustomization = operationsTool({
  name: "resume_flux_kustomization",
  title: "Resume Flux Kustomization",
  description: "Lets it be applied again.",
  effect: "write",
  toolset: "flux",
  idempotent: true,
  asks: true,
  empty: EMPTY,
  failing: "Failed to resume",
  input: z.strictObject({ ...kubernetes, name: objectName, namespace }),
  async run({ cluster, node, name, namespace: given }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    return withCluster(
      deps,
      call,
      { cluster, node },
      said,
      { title: `Resume Kustomization ${name} in ${namespace}`, empty: EMPTY },
      (kubectl) => suspendOrResume(kubectl, { kind: "Kustomization", namespace, name }, false),
    );
  },
});
