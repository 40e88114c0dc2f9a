import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { fluxKind } from "../flux/kinds.ts";
import { listedObject } from "../flux/object-line.ts";
import { withCluster } from "../flux/open-cluster.ts";
import { readObjects } from "../flux/read-objects.ts";
import { listing } from "./flux-listing.ts";
import { cursor, kubernetes } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { kustomizations: [], count: 0 };

export const list_flux_kustomizations = operationsTool({
  name: "list_flux_kustomizations",
  title: "List Flux Kustomizations",
  description: "Kustomizations with status, broken ones first.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, show_suspend: z.boolean().default(false), cursor }),
  async run({ cluster, node, show_suspend, cursor }, deps, call, said) {
    return withCluster(deps, call, { cluster, node }, said, { title: "List Flux Kustomizations", empty: EMPTY }, async (kubectl) => {
      const { objects } = await readObjects(kubectl, [fluxKind("Kustomization")]);
      const { page, summary, body, paging } = listing(objects, cursor);
      const shown = page.shown.map((object) => listedObject(object, show_suspend));
      const data = { kustomizations: shown, count: objects.length, summary, ...paging };
      return done(`Found ${objects.length} Kustomization(s)`, data, body === "" ? "" : `${summary}\n${quoteData("Kustomizations", body)}`);
    });
  },
});
