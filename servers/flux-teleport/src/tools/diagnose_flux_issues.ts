import { z } from "zod";
import { fluxKind } from "../flux/kinds.ts";
import { withCluster } from "../flux/open-cluster.ts";
import { diagnoseCluster } from "../flux/diagnose-cluster.ts";
import { diagnosisResult } from "./diagnosis-result.ts";
import { kind, kubernetes } from "./params.ts";
import { operationsTool } from "./result.ts";

const EMPTY = { causes: [], healthy: null };

export const diagnose_flux_issues = operationsTool({
  name: "diagnose_flux_issues",
  title: "Diagnose Flux issues",
  description: "Why Flux objects, or one, are not ready; likely cause first.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, name: z.string().max(253).optional(), namespace: z.string().max(63).optional(), kind }),
  async run({ cluster, node, name, namespace, kind }, deps, call, said) {
    const wanted = { kind: fluxKind(kind ?? "Kustomization").kind, name, namespace };
    return withCluster(deps, call, { cluster, node }, said, { title: "Diagnose Flux", empty: EMPTY }, async (kubectl) =>
      diagnosisResult(await diagnoseCluster(kubectl, wanted, (message) => call.progress(message)), wanted),
    );
  },
});
