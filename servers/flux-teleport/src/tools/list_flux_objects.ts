import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import type { FluxObject } from "../flux/flux-object.ts";
import { fluxKind } from "../flux/kinds.ts";
import { listedObject, listedSource } from "../flux/object-line.ts";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { readObjects } from "../flux/read-objects.ts";
import { listing } from "./flux-listing.ts";
import { objectDetails } from "./object-details.ts";
import { cursor, kindName, kubernetes, limit, namespace, objectName } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { objects: [], count: 0, details: null };

export const list_flux_objects = operationsTool({
  name: "list_flux_objects",
  title: "List Flux objects",
  description: "Any kind, as HelmRelease; name: details of one.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, kind: kindName, name: objectName.optional(), namespace, limit, cursor }),
  async run({ cluster, node, kind, name, namespace: given, ...asked }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    const wanted = fluxKind(kind);
    return withCluster(deps, call, { cluster, node }, said, { title: `List ${kind} objects`, empty: EMPTY }, async (kubectl) => {
      if (name !== undefined) return objectDetails(kubectl, { kind, namespace, name }, `Retrieved details for ${kind} '${name}'`);
      const { objects } = await readObjects(kubectl, [wanted]);
      said["namespace"] = null;
      const shape = (object: FluxObject) => (wanted.role === "source" ? listedSource(object) : listedObject(object, true));
      const { shown, summary, body, paging } = listing(objects, asked, shape);
      const data = { objects: shown, count: objects.length, summary, ...paging };
      return done(`Found ${objects.length} ${kind} object(s)`, data, body === "" ? "" : `${summary}\n${quoteData(kind, body)}`);
    });
  },
});
