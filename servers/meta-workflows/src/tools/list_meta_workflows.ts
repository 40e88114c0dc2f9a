import { listResult } from "@platform-ops/meta-workflow-registry";
import { z } from "zod";
import { tool } from "../deps.ts";
import type { Shelf } from "../library/library.ts";

const SHOWN = 10;

export const list_meta_workflows = tool({
  name: "list_meta_workflows",
  title: "List meta-workflows",
  description: "All runbooks with trigger and status.",
  effect: "read",
  toolset: "library",
  openWorld: false,
  input: z.strictObject({}),
  async run(_input, { library }) {
    const { entries, registry, problems } = await library.read();
    const workflows = entries.map(({ row }) => row);
    const source =
      registry.text === undefined && workflows.length === 0
        ? ({ found: false, path: registry.path, reason: "missing" } as const)
        : ({ found: true, path: registry.path, workflows } as const);
    const result = listResult(source);
    const lines = result.workflows.map(({ id, name, trigger, status }) => `${id}  ${name}  [${status}]  ${trigger}`);
    return { text: [result.message, ...lines, ...unreadLines(problems), ...result.ansible_steps].join("\n"), data: { ...result } };
  },
});

/** Files that are missing from the list, each with its first problem. */
function unreadLines(problems: Shelf["problems"]): string[] {
  const first = new Map<string, string>();
  for (const { severity, file, line, code, message } of problems)
    if (severity === "error" && file !== undefined && !first.has(file)) first.set(file, `Not read: ${file}:${line}: ${code}: ${message}`);
  const lines = [...first.values()];
  return lines.length > SHOWN ? [...lines.slice(0, SHOWN), `and ${lines.length - SHOWN} more files`] : lines;
}
