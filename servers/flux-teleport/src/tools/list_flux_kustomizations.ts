import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { fluxKind } from "../flux/kinds.ts";
import { listedObject } from "../flux/object-line.ts";
import { withCluster } from "../flux/open-cluster.ts";
import { readObjects } from "../flux/read-objects.ts";
import { listing } from "./flux-listing.ts";
import { cursor, kubernetes, limit } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { kustomizations: [], count: 0 };

export const list_flux_kustomizations = operationsTool({
  name: "list_flux_kustomizations",
  title: "List Flux Kustomizations",
  description: "Kustomizations, broken ones first.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, show_suspend: z.boolean().optional(), limit, cursor }),
  async run({ cluster, node, show_suspend = false, ...asked }, deps, call, said) {
    return withCluster(deps, call, { cluster, node }, said, { title: "List Flux Kustomizations", empty: EMPTY }, async (kubectl) => {
      const { objects } = await readObjects(kubectl, [fluxKind("Kustomization")]);
      const { shown, summary, body, paging } = listing(objects, asked, (object) => listedObject(object, show_suspend));
      const data = { kustomizations: shown, count: objects.length, summary, ...paging };
      return done(`Found ${objects.length} Kustomization(s)`, data, body === "" ? "" : `${summary}\n${quoteData("Kustomizations", body)}`);
    });
  },
});
