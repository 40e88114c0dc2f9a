const words = (name: string): string => name.replaceAll("_", " ");
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** The text of a new tool's file: complete, strict and bounded; its one argument and its answer are to be replaced. */
export function toolFile(name: string, effect: "read" | "write" | "destroy"): string {
  return `import { z } from "zod";
import { tool } from "../deps.ts";

export const ${name} = tool({
  name: "${name}",
  title: "${sentence(words(name))}",
  description: "${sentence(words(name))} of one workspace. Next: list_workflows names the workspaces.",
  effect: "${effect}",
  toolset: "runs",
  input: z.strictObject({ workspace: z.string().min(1).max(128).describe("Name of a workspace, from list_workflows.") }),
  async run({ workspace }) {
    return { text: \`${sentence(words(name))}: \${workspace}\`, data: { workspace } };
  },
});
`;
}

/** The text of its test: through the same door as a client's call. */
export function toolTest(name: string): string {
  return `import { expect, it } from "vitest";
import { ${name} } from "./${name}.ts";

it("refuses a misspelt argument", () => {
  expect(${name}.input.safeParse({ workspace: "network" }).success).toBe(true);
  expect(${name}.input.safeParse({ workspase: "network" }).success).toBe(false);
});
`;
}

/**
 * Adds a tool to the text of tools/index.ts: an import in alphabetical order, and its place at the end of the list.
 * @throws Error when the list is not written as expected
 */
export function addTool(index: string, name: string): string {
  const lines = index.split("\n");
  const imported = `import { ${name} } from "./${name}.ts";`;
  const after = lines.findLastIndex((line) => line.startsWith("import {") && line < imported);
  lines.splice(after + 1, 0, imported);
  const text = lines.join("\n");
  const list = /(export const tools[^=]*= \[)([\s\S]*?)(,?\s*\]( as const)?;)/;
  if (!list.test(text)) throw new Error("tools/index.ts has no `export const tools = […]`");
  return text.replace(
    list,
    (_, open: string, items: string, close: string) => `${open}${items}${items.trim() === "" ? "" : ", "}${name}${close.replace(/^,/, "")}`,
  );
}
