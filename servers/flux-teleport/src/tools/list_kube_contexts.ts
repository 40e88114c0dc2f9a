import { z } from "zod";
import { localContexts } from "../teleport/local-contexts.ts";
import { done, operationsTool } from "./result.ts";
import { quoteData } from "@platform-ops/mcp-kit";

export const list_kube_contexts = operationsTool({
  name: "list_kube_contexts",
  title: "List kube contexts",
  description: "Contexts of the local kubeconfig.",
  effect: "read",
  toolset: "teleport",
  empty: { contexts: [], current: null },
  input: z.strictObject({}),
  async run(_input, deps, call) {
    const { contexts, current } = await localContexts(deps.config, call.signal);
    const data = { contexts, current, count: contexts.length };
    if (contexts.length === 0) return done("No contexts found in the local kubeconfig", data, "", "warn");
    return done(
      `Found ${contexts.length} context(s)${current === null ? "" : `, current: ${current}`}`,
      data,
      quoteData("contexts", contexts.join("\n")),
    );
  },
});
