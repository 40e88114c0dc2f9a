import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDefinition } from "@platform-ops/meta-workflow-registry/definition";
import { expect, it } from "vitest";
import { pageOf } from "../commands/authoring/page-file.ts";
import { updateRows } from "../commands/authoring/registry-rows.ts";

// What people read of the shipped runbooks is what their definitions say. After a change: `meta-workflows-mcp docs`.

const SHIPPED = join(import.meta.dirname, "../../../../meta-workflows");
const FILES = readdirSync(SHIPPED, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== "schema")
  .map(({ name }) => join(SHIPPED, name, "workflow.yaml"));
const definitionOf = (file: string) => parseDefinition(readFileSync(file, "utf8")).definition!;

it.each(FILES)("%s: its page is current", async (file) => {
  const { before, after } = await pageOf(file, definitionOf(file));
  expect(before).toBe(after);
});

it("the rows of META-WORKFLOWS.md are current", () => {
  const text = readFileSync(join(SHIPPED, "META-WORKFLOWS.md"), "utf8");
  expect(updateRows(text, FILES.map(definitionOf), "2026-01-01").changed).toEqual([]);
});
