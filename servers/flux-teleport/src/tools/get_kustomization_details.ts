import { z } from "zod";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { kubernetes, namespace, objectName } from "./params.ts";
import { objectDetails } from "./object-details.ts";
import { operationsTool } from "./result.ts";

const EMPTY = { details: null };

export const get_kustomization_details = operationsTool({
  name: "get_kustomization_details",
  title: "Get Kustomization details",
  description: "Source, revisions and conditions.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, name: objectName, namespace }),
  async run({ cluster, node, name, namespace: given }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    const ref = { kind: "Kustomization", namespace, name };
    return withCluster(deps, call, { cluster, node }, said, { title: `Read Kustomization ${name}`, empty: EMPTY }, (kubectl) =>
      objectDetails(kubectl, ref, `Retrieved details for kustomization '${name}'`),
    );
  },
});
