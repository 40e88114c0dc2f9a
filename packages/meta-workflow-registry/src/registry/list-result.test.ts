import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { listResult } from "./list-result.ts";
import { parseRegistry } from "./parse.ts";

const workflowsOf = (name: string) => parseRegistry(readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8")).workflows;
const list = (name: string) => listResult({ found: true, path: "docs/META-WORKFLOWS.md", workflows: workflowsOf(name) });

describe("listResult", () => {
  it("of the file of seven rows is what the source printed", () => {
    const result = list("seven-rows.md");
    expect(result).toMatchObject({
      available: true,
      count: 7,
      message: "✅ Found 7 meta-workflow(s) (5 active, 2 draft)",
      full_doc_path: "docs/META-WORKFLOWS.md",
      ansible_command: null,
      ansible_steps: [],
    });
    expect(Object.keys(result)).toEqual([
      "available",
      "count",
      "workflows",
      "message",
      "full_doc_path",
      "ansible_command",
      "ansible_steps",
    ]);
    expect(result.workflows[0]).toEqual({
      id: "MW-001",
      name: "Thread Ending Summary",
      trigger: "This thread is ending",
      status: "active",
    });
  });

  it("of the file of nine rows has nine, and joins two triggers", () => {
    const result = list("nine-rows.md");
    expect(result.message).toBe("✅ Found 9 meta-workflow(s) (7 active, 2 draft)");
    expect(result.workflows.find(({ id }) => id === "MW-009")?.trigger).toBe("Modify existing tool / Enhance [tool name]");
  });

  it("counts what is deprecated only where something is", () => {
    const [first, ...rest] = workflowsOf("seven-rows.md");
    const workflows = first === undefined ? [] : [{ ...first, status: "deprecated" as const }, ...rest];
    expect(listResult({ found: true, path: "x", workflows }).message).toBe("✅ Found 7 meta-workflow(s) (4 active, 2 draft, 1 deprecated)");
  });

  it.each([
    [{ found: false, path: "a.md", reason: "missing" } as const, false, "❌ META-WORKFLOWS.md not found"],
    [{ found: false, path: "a.md", reason: "unreadable" } as const, false, "❌ META-WORKFLOWS.md could not be read"],
    [{ found: true, path: "a.md", workflows: [] } as const, true, "⚠️  META-WORKFLOWS.md exists but no workflows found in registry"],
  ])("%o", (source, available, message) => {
    const result = listResult(source);
    expect(result).toMatchObject({ available, count: 0, workflows: [], message, full_doc_path: "a.md", ansible_command: null });
    expect(result.ansible_steps).toEqual([expect.stringContaining("a.md")]);
  });
});
