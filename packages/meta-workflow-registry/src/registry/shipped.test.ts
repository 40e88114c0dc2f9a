import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { listResult } from "./list-result.ts";
import { parseRegistry } from "./parse.ts";
import { phrasesOf } from "./registry.ts";
import { renderRegistry, renderWorkflow, stepText } from "./render.ts";

const text = readFileSync(new URL("../../../../meta-workflows/META-WORKFLOWS.md", import.meta.url), "utf8");
const parsed = parseRegistry(text);
const workflow = (id: string) => parsed.workflows.find((one) => one.id === id);

// Triggers and steps of the source's workflows.
const SOURCE: readonly (readonly [id: string, name: string, steps: number, phrases: readonly string[]])[] = [
  [
    "MW-001",
    "Thread Ending Summary",
    6,
    ["This thread is ending", "Create session summary", "We're running out of tokens", "Time to wrap up this session"],
  ],
  ["MW-002", "New MCP Tool Development", 10, ["Create new MCP tool", "Add a new tool to the MCP server", "Build a new platform tool"]],
  ["MW-003", "MCP Tool Testing Suite", 4, ["Test MCP tools", "Run MCP test suite", "Verify MCP tools work"]],
  ["MW-004", "Deploy MCP Changes", 4, ["Deploy MCP changes", "Sync MCP server", "Update Zed with latest MCP code"]],
  [
    "MW-005",
    "Create Meta-Workflow",
    5,
    ["I want to create a new platform meta workflow", "Create new meta-workflow", "Add a new workflow to the registry"],
  ],
  ["MW-006", "Flux Debugging Session", 7, ["Debug Flux issues", "Investigate Flux problems", "Troubleshoot GitOps deployment"]],
  ["MW-007", "New Tool Category", 4, ["Create new tool category", "Start a new V1x category", "Build a new suite of tools"]],
  [
    "MW-008",
    "Architectural Discovery & Correction",
    8,
    [
      "That doesn't match my understanding",
      "Architecture assumption wrong",
      "That's not how this works",
      "Unexpected infrastructure behavior",
    ],
  ],
  [
    "MW-009",
    "Tool Enhancement/Modification",
    8,
    ["Modify existing tool", "Enhance [tool name]", "Add parameter to [tool name]", "Fix bug in [tool name]", "Update [tool name]"],
  ],
];
const EXAMPLES = [
  "feature-development",
  "code-review-refactor",
  "staged-deployment",
  "emergency-hotfix",
  "api-endpoint-creation",
  "microservice-creation",
  "cicd-setup",
  "production-debugging",
  "monitoring-implementation",
  "multi-agent-feature",
  "collaborative-review",
  "incident-response",
  "disaster-recovery",
];

describe("the registry that is shipped", () => {
  it("has no problem, and is what the renderer makes of it", () => {
    expect(parsed.problems).toEqual([]);
    expect(renderRegistry(parsed)).toBe(text);
  });

  it("has the workflows of the source: nine, thirteen, one; all active but one", () => {
    expect(parsed.workflows.map(({ id }) => id).toSorted()).toEqual(
      [...SOURCE.map(([id]) => id), ...EXAMPLES, "planning:interactive"].toSorted(),
    );
    expect(listResult({ found: true, path: "x", workflows: parsed.workflows }).message).toBe(
      "✅ Found 23 meta-workflow(s) (22 active, 1 draft)",
    );
    expect(parsed.workflows.filter(({ status }) => status === "draft").map(({ id }) => id)).toEqual(["MW-007"]);
  });

  it.each(SOURCE)("%s %s keeps its name, its %i steps and its triggers", (id, name, steps, phrases) => {
    const found = workflow(id);
    expect(found).toMatchObject({ name });
    expect(found?.section?.steps).toHaveLength(steps);
    expect(found === undefined ? [] : phrasesOf(found)).toEqual(expect.arrayContaining([...phrases]));
  });

  it("every step of an active workflow says what to do, so that it can be started as prompts", () => {
    const silent = parsed.workflows
      .filter(({ status }) => status === "active")
      .flatMap(({ id, section }) => (section?.steps ?? []).filter((step) => stepText(step) === "").map(({ number }) => `${id} ${number}`));
    expect(silent).toEqual([]);
    expect(parsed.workflows.filter(({ section }) => (section?.steps.length ?? 0) === 0)).toEqual([]);
  });

  it("one workflow is written as it stands in the whole", () => {
    const pages = parsed.workflows.map(renderWorkflow);
    expect(pages.filter((page) => !text.includes(page))).toEqual([]);
    expect(pages[0]).toMatch(
      /^### MW-001: Thread Ending Summary\n\nCloses a session .*MW-005: when the session showed a process that comes back\n$/s,
    );
  });

  it("gives the shell blocks of a step", () => {
    expect(workflow("MW-004")?.section?.steps[0]?.shell.map((block) => block.text)).toEqual(["git fetch\ngit status --short --branch"]);
  });
});
