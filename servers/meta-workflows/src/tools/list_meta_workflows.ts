import { listResult } from "@platform-ops/meta-workflow-registry";
import { z } from "zod";
import { tool } from "../deps.ts";

export const list_meta_workflows = tool({
  name: "list_meta_workflows",
  title: "List meta-workflows",
  description: "All runbooks with trigger and status.",
  effect: "read",
  toolset: "library",
  openWorld: false,
  input: z.strictObject({}),
  async run(_input, { library }) {
    const { entries, registry } = await library.read();
    const workflows = entries.map(({ row }) => row);
    const source =
      registry.text === undefined && workflows.length === 0
        ? ({ found: false, path: registry.path, reason: "missing" } as const)
        : ({ found: true, path: registry.path, workflows } as const);
    const result = listResult(source);
    const lines = result.workflows.map(({ id, name, trigger, status }) => `${id}  ${name}  [${status}]  ${trigger}`);
    return { text: [result.message, ...lines, ...result.ansible_steps].join("\n"), data: { ...result } };
  },
});
