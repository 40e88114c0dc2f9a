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
const [LOCAL, VERSIONS, MACHINES] = ["desktop-commander", "github", "droplet-executor"];
// Of the thirteen: the tool of each step (an agent's where agents share the work), and whether a person is asked.
const EXAMPLES: readonly (readonly [id: string, tools: readonly string[], asks: boolean])[] = [
  ["feature-development", [LOCAL, LOCAL, VERSIONS], true],
  ["code-review-refactor", [LOCAL, VERSIONS, LOCAL], true],
  ["staged-deployment", [LOCAL, MACHINES, MACHINES], true],
  ["emergency-hotfix", [LOCAL, VERSIONS, MACHINES], true],
  ["api-endpoint-creation", [LOCAL, LOCAL, `${VERSIONS}, ${MACHINES}`], false],
  ["microservice-creation", [LOCAL, VERSIONS, MACHINES], true],
  ["cicd-setup", [LOCAL, VERSIONS, MACHINES], false],
  ["production-debugging", [MACHINES, LOCAL, `${VERSIONS}, ${MACHINES}`], true],
  ["monitoring-implementation", [LOCAL, MACHINES, `${LOCAL}, ${VERSIONS}`], false],
  ["multi-agent-feature", [`backend (${LOCAL}, ${VERSIONS})`, `frontend (${LOCAL})`, `devops (${MACHINES}, ${VERSIONS})`, "", ""], false],
  ["collaborative-review", ["security, performance, quality", "", "", ""], true],
  ["incident-response", [MACHINES, `${MACHINES}, ${VERSIONS}`, `${LOCAL}, ${MACHINES}`, "all"], false],
  ["disaster-recovery", [MACHINES, `${MACHINES}, ${VERSIONS}`, "all"], false],
];

describe("the registry that is shipped", () => {
  it("has no problem, and is what the renderer makes of it", () => {
    expect(parsed.problems).toEqual([]);
    expect(renderRegistry(parsed)).toBe(text);
  });

  it("has the workflows of the source: nine, thirteen, one; all active but one", () => {
    expect(parsed.workflows.map(({ id }) => id).toSorted()).toEqual(
      [...SOURCE.map(([id]) => id), ...EXAMPLES.map(([id]) => id), "planning:interactive"].toSorted(),
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

  it.each(EXAMPLES)("%s keeps its steps, who does them, and whether a person is asked", (id, tools, asks) => {
    const { steps = [], notes = [] } = workflow(id)?.section ?? {};
    const by = steps.map((step) =>
      step.notes
        .filter(({ label }) => /^(?:tool|agents?)$/i.test(label))
        .map(({ text: words, items }) =>
          [words.split(": ")[0], ...items.map((item) => item.split(":")[0])].filter((word) => word !== "").join(", "),
        )
        .join("; "),
    );
    expect(by).toEqual(tools);
    expect(notes.some(({ label }) => label === "Asks before")).toBe(asks);
  });

  it("says by which words it is steered, how a run is shown, and by which principles", () => {
    const chapter = (heading: string): string => parsed.chapters.find((one) => one.heading === heading)?.text ?? "";
    for (const words of [
      "Cancel this workflow",
      "Never mind",
      "What workflows are available?",
      "Show me the workflow registry",
      "Explain the [name] workflow",
      "What does MW-001 do?",
    ])
      expect(chapter("Meta-Workflow System Overview")).toContain(`"${words}"`);
    for (const shown of ["Executing MW-004", "Step 1 of 4", "done", "MW-004 is complete"])
      expect(chapter("Workflow Execution Examples")).toContain(shown);
    expect(chapter("Meta-Workflow Principles").match(/^\d\. [^:]+/gm)).toEqual([
      "1. Explicit over implicit",
      "2. Fail visibly",
      "3. The user is in control",
      "4. Documentation first",
      "5. Continuous improvement",
      "6. No ambiguity",
    ]);
  });

  it("a design is held against its rules before code is written", () => {
    const design = workflow("MW-002")?.section?.steps[1];
    const words = [...(design?.actions ?? []), ...(design?.notes ?? []).map(({ text: note }) => note)].join("\n");
    for (const rule of [
      "no infrastructure is written into the code",
      "belongs to its layer",
      "red flag",
      "state changed in passing",
      "No code is written before",
    ])
      expect(words).toContain(rule);
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
