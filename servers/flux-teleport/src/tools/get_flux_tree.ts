import { quoteData } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { fluxKind } from "../flux/kinds.ts";
import { namespaceOf, withCluster } from "../flux/open-cluster.ts";
import { printTree, readTree } from "../flux/tree.ts";
import { kind, kubernetes, namespace, objectName } from "./params.ts";
import { done, operationsTool } from "./result.ts";

const EMPTY = { tree: [], count: 0 };

export const get_flux_tree = operationsTool({
  name: "get_flux_tree",
  title: "Get Flux tree",
  description: "What a Kustomization or HelmRelease applied.",
  effect: "read",
  toolset: "flux",
  asks: true,
  empty: EMPTY,
  input: z.strictObject({ ...kubernetes, name: objectName, namespace, kind, depth: z.int().min(1).max(6).optional() }),
  async run({ cluster, node, name, namespace: given, kind, depth = 3 }, deps, call, said) {
    const namespace = namespaceOf(given, said);
    const ref = { kind: fluxKind(kind ?? "Kustomization").kind, namespace, name };
    return withCluster(
      deps,
      call,
      { cluster, node },
      said,
      { title: `Read what ${ref.kind} ${name} applied`, empty: EMPTY },
      async (kubectl) => {
        const tree = await readTree(kubectl, ref, depth);
        const lines = printTree(tree);
        const data = { tree: lines, count: tree.count, status: tree.root.status, truncated: lines.at(-1)?.startsWith("…") ?? false };
        return done(`Found ${tree.count} object(s)`, data, quoteData("tree", lines.join("\n")));
      },
    );
  },
});
