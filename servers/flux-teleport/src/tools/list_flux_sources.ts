import { OpsError } from "@platform-ops/errors";
import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import type { FluxObject } from "../flux/flux-object.ts";
import { fluxKind, kindsOf, type FluxKind } from "../flux/kinds.ts";
import { listedSource } from "../flux/object-line.ts";
import { withCluster } from "../flux/open-cluster.ts";
import { readObjects } from "../flux/read-objects.ts";
import { listing } from "./flux-listing.ts";
import { cursor, kind, kubernetes, limit } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { sources: [], count: 0 };

export const list_flux_sources = operationsTool({
  name: "list_flux_sources",
  title: "List Flux sources",
  description: "Git, OCI, Helm and bucket sources.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, kind, limit, cursor }),
  async run({ cluster, node, kind: only, ...asked }, deps, call, said) {
    const kinds = only === undefined ? kindsOf("source") : [sourceKind(only)];
    return withCluster(deps, call, { cluster, node }, said, { title: "List Flux sources", empty: EMPTY }, async (kubectl) => {
      const { objects, absent } = await readObjects(kubectl, kinds);
      const { shown, summary, body, paging } = listing(objects, asked, listedSource);
      const data = {
        sources: shown,
        count: objects.length,
        summary,
        ...(absent.length === 0 ? {} : { kinds_not_installed: absent }),
        ...paging,
      };
      return done(`Found ${counts(objects)}`, data, body === "" ? "" : `${summary}\n${quoteData("sources", body)}`);
    });
  },
});

function sourceKind(name: string): FluxKind {
  const found = fluxKind(name);
  if (found.role === "source") return found;
  throw new OpsError(
    "invalid_input",
    `kind must be one of: ${kindsOf("source")
      .map((one) => one.kind)
      .join(", ")}.`,
  );
}

function counts(objects: readonly FluxObject[]): string {
  const kinds = [...new Set(objects.map((object) => object.kind))];
  if (kinds.length === 0) return "0 source(s)";
  return kinds.map((one) => `${objects.filter((object) => object.kind === one).length} ${one} source(s)`).join(", ");
}
