import { describe, expect, it } from "vitest";
import { diagram } from "./diagram.ts";
import { prompt, richDefinition, step } from "./fixture/rich-definition.ts";
import { labelText } from "./mermaid-text.ts";
import { statusesOf, timeline } from "./timeline.ts";

// The whole of what we write: a line of any other form is an injection. Checked against Mermaid's own parser when it was written.
const LABEL = `"[^"\\n]*"`;
const NODE = new RegExp(
  `^n\\d+(?:\\(${LABEL}\\)|\\{\\{${LABEL}\\}\\}|\\[${LABEL}\\]|\\{${LABEL}\\}|\\[/${LABEL}/\\]|\\(\\[${LABEL}\\]\\)|\\[\\[${LABEL}\\]\\]|\\(\\(${LABEL}\\)\\))$`,
);
const EDGE = new RegExp(`^n\\d+ (?:-->|-\\.->)(?:\\|${LABEL}\\|)? n\\d+$`);
const CLASS = /^(?:classDef (?:done|active|failed|skipped|undo) [a-z0-9:#,-]+|class n\d+(?:,n\d+)* (?:done|active|failed|skipped|undo))$/;

function expectGrammar(text: string): void {
  const [head, ...lines] = text.split("\n");
  expect(head).toBe("flowchart TD");
  for (const line of lines.map((one) => one.trim())) {
    expect(NODE.test(line) || EDGE.test(line) || CLASS.test(line), line).toBe(true);
    for (const [, label = ""] of line.matchAll(/"([^"]*)"/g)) expect(label.replaceAll(/#\d+;/g, "")).not.toMatch(/[;#<>&`[\](){}|%]/);
  }
}

const HOSTILE = [
  `a"] --> evil["b`,
  "x\nflowchart LR\nevil --> y",
  "%%{init: {'securityLevel':'loose'}}%%",
  `<script>alert(1)</script><img src=x onerror=y>`,
  'click n0 href "javascript:alert(1)"',
  "end",
  "1. list",
  "- list",
  "style n0 fill:red; #quot; ;",
  "`code` **bold** https://evil.example",
  "\u202eright to left\u0000",
  "",
  '#quot;] --> evil["',
];

describe("diagram", () => {
  it("draws every kind of step, gates, ways of failure and undoing", () => {
    const text = diagram(richDefinition());
    expectGrammar(text);
    expect(text).toContain('{{"Go live?"}}');
    expect(text).toContain("{\"inputs.environment #61;#61; 'production'\"}");
    expect(text).toMatch(/n\d+ -\.->\|"undone by"\| n\d+/);
    expect(text).toMatch(/n\d+ -\.->\|"on error"\| n\d+/);
    expect(text).toMatch(/n\d+ -\.->\|"rejected"\| n\d+/);
    expect(text).toContain('["undo what was done, newest first"]');
    expect(text).toContain('[["Sub #40;workflow post-mortem#41;"]]');
  });

  it("is the same each time", () => {
    expect(diagram(richDefinition())).toBe(diagram(richDefinition()));
  });

  it("leads every step to an end", () => {
    const text = diagram(richDefinition());
    const sources = new Set([...text.matchAll(/^ *(n\d+) (?:-->|-\.->)/gm)].map(([, id]) => id));
    const targets = new Set([...text.matchAll(/ (n\d+)$/gm)].map(([, id]) => id));
    const nodes = [...text.matchAll(/^ *(n\d+)[^ ]/gm)].map(([, id]) => id);
    const ends = nodes.filter((id) => !sources.has(id));
    const labelOf = (id?: string): string => new RegExp(`^ *${id}[([{/]+"([^"]*)"`, "m").exec(text)?.[1] ?? "";
    expect(nodes.filter((id) => !targets.has(id)).map(labelOf)).toEqual(["Roll out a service"]);
    expect(ends.map(labelOf).toSorted()).toEqual([
      "declined",
      "deploy.rollback",
      "done",
      "fail: Page someone",
      "undo what was done, newest first",
    ]);
  });

  it("colours a run's steps", () => {
    const text = diagram(richDefinition(), { steps: { preflight: "done", go_live: "active", deploy: "failed" } });
    expectGrammar(text);
    expect(text).toMatch(/class n\d+ active/);
    expect(text).toMatch(/class n\d+ failed/);
    expect(diagram(richDefinition(), { steps: JSON.parse('{"__proto__":"done"}') as {} })).not.toContain("class n1 done");
  });

  it.each(HOSTILE)("keeps %j a label", (words) => {
    const hostile = richDefinition({
      name: words,
      steps: [
        prompt("ask_it", "x", { title: words }),
        step({ id: "choose", type: "switch", cases: [{ when: words, steps: [prompt("p", "x", { title: words })] }], else: [] }),
        step({ id: "both", type: "parallel", join: "any", branches: { [words]: [prompt("q", "x")] }, on_branch_error: "stop" }),
        prompt("r", "x", { when: words, compensate: { prompt: words } }),
      ],
    });
    expectGrammar(diagram(hostile));
  });

  it("stays inside what Mermaid draws, whatever the size", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => prompt(`step_${index}`, "x", { title: '"'.repeat(300) }));
    const text = diagram(richDefinition({ steps: many }));
    expectGrammar(text);
    expect(text.length).toBeLessThan(50_000);
    expect(text).toMatch(/… \d+ more steps/);
  });

  it("cuts a label by characters", () => {
    expect(labelText("😀".repeat(100), 10)).toBe(`${"😀".repeat(9)}…`);
  });
});

describe("timeline", () => {
  const at = 1_700_000_000_000;
  it("gives a bar to each step that ran", () => {
    const text = timeline([
      { at, path: "deploy/plan", what: "started" },
      { at: at + 1_000, path: "deploy/plan", what: "done" },
      { at: at + 1_000, path: "deploy/go", what: "waiting", text: "for a person" },
      { at: at + 5_000, path: "deploy/run#2", what: "failed" },
    ]);
    expect(text.split("\n").map((line) => line.trim())).toEqual([
      "gantt",
      "dateFormat x",
      "axisFormat %H:%M:%S",
      `1 · deploy/plan :done, ${at}, ${at + 1_000}`,
      `2 · deploy/go #40;for a person#41; :active, ${at + 1_000}, ${at + 5_000}`,
      `3 · deploy/run#35;2 :crit, ${at + 5_000}, ${at + 5_001}`,
    ]);
  });

  it.each(HOSTILE)("keeps %j a name", (words) => {
    const lines = timeline([{ at, path: words, what: "started", text: words }]).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatch(/^ {2}1 · [^:]* :active, \d+, \d+$/);
  });

  it("knows how far each step is, the worst of its items", () => {
    const { steps } = statusesOf([
      { at, path: "each[0]/verify#1", what: "failed" },
      { at, path: "each[1]/verify#1", what: "done" },
      { at, path: "each", what: "started" },
    ]);
    expect({ ...steps }).toEqual({ verify: "failed", each: "active" });
  });
});
