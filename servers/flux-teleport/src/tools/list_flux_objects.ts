import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { fluxKind } from "../flux/kinds.ts";
import { listedObject, listedSource } from "../flux/object-line.ts";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { readObjects } from "../flux/read-objects.ts";
import { listing } from "./flux-listing.ts";
import { objectDetails } from "./object-details.ts";
import { cursor, kindName, kubernetes, namespace, objectName } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { objects: [], count: 0, details: null };

export const list_flux_objects = operationsTool({
  name: "list_flux_objects",
  title: "List Flux objects",
  description: "Any Flux kind, such as HelmRelease; name: details of one.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, kind: kindName, name: objectName.optional(), namespace, cursor }),
  async run({ cluster, node, kind, name, namespace: given, cursor }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    const wanted = fluxKind(kind);
    return withCluster(deps, call, { cluster, node }, said, { title: `List ${kind} objects`, empty: EMPTY }, async (kubectl) => {
      if (name !== undefined) return objectDetails(kubectl, { kind, namespace, name }, `Retrieved details for ${kind} '${name}'`);
      const { objects } = await readObjects(kubectl, [wanted]);
      said["namespace"] = null;
      const { page, summary, body, paging } = listing(objects, cursor);
      const shown = page.shown.map((object) => (wanted.role === "source" ? listedSource(object) : listedObject(object, true)));
      const data = { objects: shown, count: objects.length, summary, ...paging };
      return done(`Found ${objects.length} ${kind} object(s)`, data, body === "" ? "" : `${summary}\n${quoteData(kind, body)}`);
    });
  },
});
