import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BOUNDS } from "./bounds.ts";
import { parseRegistry } from "./parse.ts";
import { scopeOf, type Workflow } from "./registry.ts";

const read = (name: string) => parseRegistry(readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8"));
const statuses = (workflows: readonly Workflow[]) => ({
  active: workflows.filter(({ status }) => status === "active").length,
  draft: workflows.filter(({ status }) => status === "draft").length,
});
const HEAD = "| ID | Name | Trigger | Status | Last Updated |\n|---|---|---|---|---|";
const table = (...rows: string[]) => `# T\n\n## Workflow Registry\n\n${HEAD}\n${rows.join("\n")}\n`;
/** A registry of one workflow with the given text in its section. */
const section = (text: string) =>
  parseRegistry(`${table('| MW-001 | One | "do one" | Active | 2025-01-02 |')}\n## Chapter\n\n### MW-001: One\n\n${text}`).workflows[0]
    ?.section;
const codes = (text: string) =>
  parseRegistry(text)
    .problems.filter(({ code }) => code !== "section_missing")
    .map(({ code, line, column }) => `${code} ${line}:${column}`);

describe("the file of seven rows", () => {
  const { title, header, chapters, workflows, problems } = read("seven-rows.md");

  it("has no problem, and counts seven: five active, two draft", () => {
    expect(problems).toEqual([]);
    expect(workflows.map(({ id }) => id)).toEqual(["MW-001", "MW-002", "MW-003", "MW-004", "MW-005", "MW-006", "MW-007"]);
    expect(statuses(workflows)).toEqual({ active: 5, draft: 2 });
  });

  it("gives the head of the page and its chapters with their prose", () => {
    expect(title).toBe("Meta-Workflows: Process Bank");
    expect(header.map(({ label, text }) => [label, text])).toEqual([
      ["Purpose", "Repeatable processes"],
      ["Date Created", "2024-11-02"],
      ["Date Updated", "2024-11-02"],
      ["Status", "Active"],
    ]);
    expect(chapters.map(({ heading }) => heading)).toContain("Meta-Workflow System Overview");
    expect(chapters[0]).toEqual({ heading: "Auto-Discovery", text: "Ask for the list:\n\n```python\nlist_meta_workflows()\n```" });
  });

  it("the registry's name wins over the heading's, which is kept", () => {
    expect(workflows.find(({ id }) => id === "MW-007")).toMatchObject({
      name: "New Tool Category",
      section: { heading: "New Tool Category Development", mark: "draft", chapter: "MCP Development Workflows" },
    });
  });

  it("reads every labelled part of a section", () => {
    expect(workflows[0]?.section).toMatchObject({
      scope: "universal",
      trigger_phrases: ["This thread is ending", "Create session summary", "We're running out of tokens", "Time to wrap up this session"],
      disambiguates_from: ["MW-002: a tool is built, not a session closed", "A plain status update"],
      prerequisites: ["Significant work was done"],
      outputs: ["A page", "A commit"],
      success_criteria: ["The page exists", "All is pushed"],
      related_files: ["`README.md`"],
    });
    expect(workflows[0]?.section?.example).toContain('User: "This thread is ending"');
    expect(workflows[0]?.section?.steps.map(({ number, title }) => `${number} ${title}`)).toEqual([
      "1 Assess Current State",
      "2 Create or Update the Summary",
      "3 Document Testing",
      "4 Next Session Checklist",
      "5 Final Git Check",
      "6 Continuation Instructions",
    ]);
  });

  it("gives the shell blocks of a step with their line, and of a session only what was typed", () => {
    const lines = readFileSync(new URL("testdata/seven-rows.md", import.meta.url), "utf8").split("\n");
    const [shell] = workflows[0]?.section?.steps[0]?.shell ?? [];
    expect(shell).toMatchObject({ language: "bash", text: "git status --short\ngit log -3" });
    expect(lines[(shell?.line ?? 0) - 1]).toContain("```bash");
    expect(workflows[3]?.section?.steps[0]?.shell[0]).toMatchObject({ language: "console", text: "git push\ngit status" });
  });
});

describe("the file of nine rows", () => {
  const { workflows, problems } = read("nine-rows.md");

  it("has no problem, and counts nine: seven active, two draft, though a row has two triggers", () => {
    expect(problems).toEqual([]);
    expect(workflows).toHaveLength(9);
    expect(statuses(workflows)).toEqual({ active: 7, draft: 2 });
    expect(workflows.find(({ id }) => id === "MW-009")?.triggers).toEqual(["Modify existing tool", "Enhance [tool name]"]);
  });

  it("takes the sub-heading over a table for its category", () => {
    const category = (id: string) => workflows.find((one) => one.id === id)?.category;
    expect(category("MW-001")).toBe("Universal Workflows (Core MCP Development)");
    expect(category("MW-004")).toBe("Personal Workflows (Individual Setup)");
    expect(category("MW-007")).toBe("Draft Workflows (Under Development)");
    expect(workflows.map((one) => scopeOf(one)).slice(-3)).toEqual(["personal", undefined, undefined]);
  });

  it("a step that comes behind the example is a step; a label of the section ends a step", () => {
    const found = workflows.find(({ id }) => id === "MW-008")?.section;
    expect(found?.steps.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(found?.steps[7]).toMatchObject({
      actions: ["Decide where it belongs"],
      notes: [{ label: "Output Required", text: "the decision" }],
    });
    expect(found?.steps[6]).toMatchObject({ actions: [], notes: [] });
    expect(found?.outputs).toEqual(["A corrected page"]);
    expect(found?.related_workflows).toEqual(["MW-006"]);
  });

  it("keeps what stands under other labels of a step", () => {
    expect(workflows.find(({ id }) => id === "MW-008")?.section?.steps[0]?.notes).toEqual([
      { label: "Why", text: "It is cheaper to stop now", items: [] },
      { label: "If fails", text: "", items: ["Ask"] },
    ]);
  });
});

describe("rows", () => {
  it("count only under Workflow Registry, and not in code", () => {
    expect(read("seven-rows.md").workflows.map(({ id }) => id)).not.toContain("MW-098");
    expect(parseRegistry(`# T\n\n## Other\n\n${HEAD}\n| MW-001 | a | "a" | Active | |\n`)).toMatchObject({
      workflows: [],
      problems: [{ code: "registry_missing", severity: "error", line: 1, column: 1 }],
    });
  });

  it("are read by the names of the columns, in any order, with others between", () => {
    const text =
      "## Workflow Registry\n\n| Status | Owner | Triggers | ID | Name |\n|--|--|--|--|--|\n| **active** | ada | “x y” | [MW-001](#a) | One \\| two |\n";
    expect(parseRegistry(text).workflows).toMatchObject([
      { id: "MW-001", name: "One | two", triggers: ["x y"], status: "active", last_updated: "", category: "" },
    ]);
  });

  it.each([
    ['"a" / "b"', ["a", "b"]],
    ['"a", "b" or "c"', ["a", "b", "c"]],
    ['"say \\"hi\\" \\| go"', ['say "hi" | go']],
    ['"Enhance [tool name]" / "Restart <service>"', ["Enhance [tool name]", "Restart <service>"]],
    ['"a"<br>"a"', ["a"]],
    ["—", []],
    ['"and / or"', ["and / or"]],
  ])("triggers %s", (cell, expected) => {
    expect(parseRegistry(table(`| MW-001 | One | ${cell} | Active | 2025-01-02 |`)).workflows[0]?.triggers).toEqual(expected);
  });

  it.each([
    ["Active", "active"],
    ["DRAFT", "draft"],
    ["(DRAFT)", "draft"],
    ["✅ Active", "active"],
    ["`Deprecated`", "deprecated"],
  ])("status %s", (cell, expected) => {
    const { workflows, problems } = parseRegistry(table(`| MW-001 | One | "a" | ${cell} | 2025-01-02 |`));
    expect(workflows[0]?.status).toBe(expected);
    expect(problems.map(({ code }) => code)).toEqual(["section_missing"]);
  });

  it("ids may be those of definitions", () => {
    const text = table('| feature-development | F | "a" | Active | |', '| planning:interactive | P | "b" | Active | |');
    const parsed = parseRegistry(
      `${text}\n## X\n\n### planning:interactive: Plan it\n\n1. a\n\n### feature-development: F\n\n### prerequisites: none\n`,
    );
    expect(parsed.workflows.map(({ id, section: found }) => [id, found?.heading])).toEqual([
      ["feature-development", "F"],
      ["planning:interactive", "Plan it"],
    ]);
  });
});

describe("steps", () => {
  it("may be items of a numbered list, as in a wiki", () => {
    const found = section(
      "**Steps:**\n\n1. Look\n   - at this\n   - at that\n\n   ```sh\n   ls\n   ```\n2. Write it **down**\n\n**Outputs:**\n- a page\n",
    );
    expect(found?.steps).toMatchObject([
      { number: 1, title: "Look", actions: ["at this", "at that", "```sh\nls\n```"], shell: [{ text: "ls" }] },
      { number: 2, title: "Write it **down**", actions: [] },
    ]);
    expect(found?.outputs).toEqual(["a page"]);
  });

  it("may bear the word Step, or stand in bold", () => {
    expect(section("#### Step 1: Look\n\n- here\n\n#### Step 2 - Write\n")?.steps.map(({ title }) => title)).toEqual(["Look", "Write"]);
    expect(section("**Steps:**\n\n**Step 1: Look**:\n- here\n\n**2. Write:** it down\n")?.steps).toMatchObject([
      { number: 1 },
      { number: 2, title: "Write it down" },
    ]);
  });

  it("keep what stands under none of their labels", () => {
    expect(section("#### 1. Look\n\nCarefully.\n\n- here\n")?.steps[0]?.notes).toEqual([
      { label: "", text: "Carefully.", items: ["here"] },
    ]);
  });
});

describe("a label of the section", () => {
  it("ends the step: what comes under other labels behind it, and its shell blocks, are the section's", () => {
    const found = section(
      "#### 1. Look\n\n**Actions:**\n- here\n\n**Outputs:**\n- a page:\n  ```sh\n  cat page\n  ```\n\n**Remark:** by the way\n",
    );
    expect(found?.steps).toMatchObject([{ actions: ["here"], shell: [], notes: [] }]);
    expect(found?.notes).toEqual([{ label: "Remark", text: "by the way", items: [] }]);
  });

  it("is known in any case, with the colon inside or behind the marks, and as a heading", () => {
    expect(section("**prerequisites**: a\n\n**OUTPUTS:**\n- b\n\n#### Success criteria\n\n- [x] c\n")).toMatchObject({
      prerequisites: ["a"],
      outputs: ["b"],
      success_criteria: ["c"],
    });
  });
});

describe("problems have a code and a place", () => {
  it.each([
    ["id", table('| mw 1 | One | "a" | Active | |'), ["id_invalid 7:3"]],
    ["duplicate", table('| MW-001 | One | "a" | Active | |', '| MW-001 | Two | "b" | Active | |'), ["id_duplicate 8:1"]],
    ["status", table('| MW-001 | One | "a" | Aktive | |'), ["status_unknown 7:24"]],
    ["name", table('| MW-001 |  | "a" | Active | |'), ["name_missing 7:10"]],
    ["trigger missing", table("| MW-001 | One | | Active | |"), ["trigger_missing 7:16"]],
    ["trigger unquoted", table("| MW-001 | One | do it | Active | |"), ["trigger_unquoted 7:18"]],
    ["words outside", table('| MW-001 | One | "a" maybe | Active | |'), ["trigger_outside_quotes 7:18"]],
    ["date", table('| MW-001 | One | "a" | Active | 2025-13-01 |'), ["date_invalid 7:33"]],
    [
      "column",
      '## Workflow Registry\n\n| ID | Name | Trigger |\n|--|--|--|\n| MW-001 | One | "a" |\n',
      ["column_missing 3:1", "status_unknown 5:1"],
    ],
    ["no id", '## Workflow Registry\n\n| No | Name | Trigger |\n|--|--|--|\n| MW-001 | One | "a" |\n', ["column_missing 3:1"]],
    ["section alone", `${table()}\n## X\n\n### MW-009: Alone\n`, ["section_without_row 11:1"]],
    ["two sections", `${table('| MW-001 | One | "a" | Active | |')}\n### MW-001: a\n\n### MW-001: b\n`, ["section_duplicate 11:1"]],
    ["mark", `${table('| MW-001 | One | "a" | Active | |')}\n### MW-001: a (DRAFT)\n`, ["status_differs 9:1"]],
    ["numbers", `${table('| MW-001 | One | "a" | Active | |')}\n### MW-001: a\n\n#### 1. a\n\n#### 3. b\n`, ["step_number 13:1"]],
    ["hidden", `${table('| MW-001 | O\u200bne | "a" | Active | |')}`, ["hidden_character 7:13"]],
  ])("%s", (_name, text, expected) => expect(codes(text)).toEqual(expected));

  it("and say what to write instead", () => {
    const { problems } = parseRegistry(table('| MW-001 | One | "a" | Aktive | |'));
    expect(problems.find(({ code }) => code === "status_unknown")).toMatchObject({
      message: 'MW-001 has the status "Aktive"; it is taken for a draft.',
      suggestion: "Write Active, Draft or Deprecated.",
    });
  });

  it("a row without section is still a workflow", () => {
    expect(parseRegistry(table('| MW-001 | One | "a" | Active | |'))).toMatchObject({
      workflows: [{ id: "MW-001" }],
      problems: [{ code: "section_missing", severity: "warning", line: 7 }],
    });
  });
});

describe("bounds", () => {
  const refused = (text: string) => {
    const { workflows, problems } = parseRegistry(text);
    expect(workflows).toEqual([]);
    return problems.map(({ code }) => code);
  };

  it.each([
    ["characters", "x".repeat(BOUNDS.text + 1), "text_too_long"],
    ["lines", "\n".repeat(BOUNDS.lines), "too_many_lines"],
    ["lines that end in carriage returns", "\r".repeat(BOUNDS.lines), "too_many_lines"],
    ["columns", `${"|".repeat(BOUNDS.columns + 2)}\n`, "too_many_columns"],
    ["cells", "|a|b|c|d|\n".repeat(BOUNDS.cells / 5 + 1), "too_many_cells"],
    ["quotes in each other", "> ".repeat(BOUNDS.nesting + 1), "nested_too_deep"],
    ["lists in each other", Array.from({ length: BOUNDS.nesting + 1 }, (_, i) => `${"  ".repeat(i)}- a`).join("\n"), "nested_too_deep"],
    ["quotes in lists on many lines", "- > a\n".repeat(BOUNDS.stacked + 1), "nested_too_deep"],
  ])("%s", (_name, text, code) => expect(refused(text)).toEqual([code]));

  it("marks of emphasis, numbers and signs at the start of many lines are no nesting", () => {
    const text = `${table('| MW-001 | One | "a" | Active | |')}\n${"**Purpose:** b\n--flag\n+1\n12.5\n* * *\n".repeat(BOUNDS.lines / 6)}`;
    expect(codes(text)).toEqual([]);
  });

  // Each of these took minutes, or would, with a careless expression or without a bound.
  it.each([
    ["white space within a line", `${table(`| MW-001 | a${" ".repeat(100_000)}b | "a" | Active | |`)}`],
    ["opening quotes", table(`| MW-001 | a | ${"“".repeat(200_000)} | Active | |`)],
    ["backticks around a heading", `${table('| MW-001 | a | "a" | Active | |')}\n### ${"`".repeat(100_000)}x\n`],
    ["marks of emphasis in a cell", table(`| MW-001 | ${"*".repeat(100_000)}x | "a" | Active | |`)],
    ["a rule that is none", `${"_ ".repeat(100_000)}x`],
    ["open links", "[a](".repeat(50_000)],
    ["open comments", "<!-- \n".repeat(BOUNDS.lines - 1)],
    ["labels", "**a:**\n".repeat(BOUNDS.lines - 1)],
  ])("%s ends", (_name, text) => expect(parseRegistry(text).problems.length).toBeLessThanOrEqual(BOUNDS.problems + 1));

  it("too many of anything are cut, and that is said", () => {
    const found = parseRegistry(
      `${table('| MW-001 | One | "a" | Active | |')}\n### MW-001: One\n\n**Outputs:**\n${"- x\n".repeat(BOUNDS.items + 9)}`,
    );
    expect(found.workflows[0]?.section?.outputs).toHaveLength(BOUNDS.items);
    expect(found.problems.map(({ code }) => code)).toEqual(["too_many_items"]);
    const rows = parseRegistry(table(...Array.from({ length: BOUNDS.problems + 50 }, (_, i) => `| ${i} | x | "a" | Active | |`)));
    expect(rows.problems).toHaveLength(BOUNDS.problems + 1);
    expect(rows.problems.map(({ code }) => code)).toContain("too_many_problems");
    const long = parseRegistry(table(`| MW-001 | ${"n".repeat(BOUNDS.name)}😀 | "a" | Active | |`));
    expect(long.workflows[0]?.name).toBe("n".repeat(BOUNDS.name));
    expect(long.problems.map(({ code }) => code)).toContain("too_long");
  });
});
