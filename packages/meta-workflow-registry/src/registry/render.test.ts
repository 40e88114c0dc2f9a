import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseRegistry } from "./parse.ts";
import type { Labelled, Registry, Workflow, WorkflowSection, WorkflowStep } from "./registry.ts";
import { renderRegistry, stepText } from "./render.ts";

/** A registry without the lines at which things stand. */
function withoutLines(registry: Registry): unknown {
  const { title, header, chapters, workflows } = registry;
  return JSON.parse(JSON.stringify({ title, header, chapters, workflows }, (key, value: unknown) => (key === "line" ? undefined : value)));
}

// Texts in normal form: what people write, with the marks that mean something somewhere.
const word = fc.constantFrom(
  "look",
  "at",
  "every",
  "machine",
  "it's",
  "a|b",
  'the "old" way',
  "C:\\temp",
  "`ls -l`",
  "*now*",
  "50%",
  "größer",
  "🚀",
  "[tool name]",
  "<!-- x -->",
  "| b |",
  "# five",
);
const sentence = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(" "));
const plain = fc
  .array(fc.constantFrom("look", "at", "every", "machine", "größer", "🚀", "50%"), { minLength: 1, maxLength: 4 })
  .map((words) => words.join(" "));
const item = fc.oneof(
  sentence.map((text) => `do ${text}`),
  fc.tuple(sentence, sentence).map(([a, b]) => `see ${a}\n- ${b}\n- and\n  - then`),
  sentence.map((text) => `run:\n\n\`\`\`bash\necho ${text}\n\n  ls\n\`\`\``),
  sentence.map((text) => `> quoted ${text}\n\nand more`),
);
const items = fc.array(item, { maxLength: 3 });
const labelled = (label: fc.Arbitrary<string>): fc.Arbitrary<Labelled> =>
  fc.oneof(
    fc.record({ label, text: sentence, items }),
    fc.record({ label, text: fc.constant(""), items: fc.array(item, { minLength: 1, maxLength: 2 }) }),
  );
const note = fc.oneof(
  labelled(fc.constantFrom("Why", "Enforcement", "If fails", "Output Required")),
  fc.record({ label: fc.constant(""), text: plain, items }),
);
/** Notes without label stand first, and are one. */
const notes = fc.array(note, { maxLength: 3 }).map((all) => {
  const unlabelled = all.find(({ label }) => label === "");
  return [...(unlabelled === undefined ? [] : [unlabelled]), ...all.filter(({ label }) => label !== "")];
});
const phrases = fc.uniqueArray(sentence, { maxLength: 3 });
const step = fc
  .record({ title: sentence, actions: items, validation: items, notes })
  .map((fields): WorkflowStep => ({ number: 0, ...fields, shell: [], line: 0 }));
const steps = fc.array(step, { maxLength: 3 }).map((all) => all.map((one, index) => ({ ...one, number: index + 1 })));
const section: fc.Arbitrary<Omit<WorkflowSection, "mark">> = fc.record({
  heading: plain,
  chapter: fc.constantFrom("Session Management", "Platform Operations"),
  scope: fc.oneof(fc.constant(""), sentence),
  trigger_phrases: phrases,
  disambiguates_from: items,
  prerequisites: items,
  steps,
  outputs: items,
  success_criteria: items,
  example: fc.oneof(
    fc.constant(""),
    fc.array(sentence, { minLength: 1, maxLength: 3 }).map((lines) => lines.join("\n\n  ")),
  ),
  related_files: items,
  related_workflows: items,
  notes,
  line: fc.constant(0),
});
const workflow = fc
  .record({
    name: sentence.map((text) => `n ${text}`),
    triggers: phrases,
    status: fc.constantFrom("active" as const, "draft" as const, "deprecated" as const),
    category: fc.constantFrom("", "Universal Workflows (Core)", "Team Workflows"),
    last_updated: fc.constantFrom("", "2025-11-21"),
    section: fc.option(section, { nil: undefined }),
    marked: fc.boolean(),
  })
  .map(({ section: found, marked, ...row }): Omit<Workflow, "id"> => {
    if (found === undefined) return { ...row, line: 0 };
    const mark = marked && row.status !== "active" ? { mark: row.status } : {};
    return { ...row, line: 0, section: { ...found, ...mark } };
  });
const CATEGORIES = ["", "Universal Workflows (Core)", "Team Workflows"];
const registry: fc.Arbitrary<Registry> = fc.record({
  title: plain,
  header: fc.uniqueArray(labelled(fc.constantFrom("Purpose", "Date Created", "Status")), { selector: ({ label }) => label, maxLength: 3 }),
  chapters: fc.tuple(fc.array(item, { maxLength: 2 }), plain).map(([prose, intro]) => [
    { heading: "Auto-Discovery", text: prose.join("\n\n") },
    { heading: "Workflow Registry", text: intro },
    { heading: "Session Management", text: prose.map((text) => `### Why\n\n${text}`).join("\n\n") },
    { heading: "Platform Operations", text: "" },
  ]),
  workflows: fc.array(workflow, { maxLength: 5 }).map((all) =>
    all
      .toSorted((a, b) => CATEGORIES.indexOf(a.category) - CATEGORIES.indexOf(b.category))
      // Sections of one chapter stand in the order of their rows.
      .map((one, index) => ({ id: index % 2 === 0 ? `MW-${String(index + 1).padStart(3, "0")}` : `flow-${index}`, ...one })),
  ),
});

/** What the reader finds in the blocks of a step is not written by itself. */
function withoutShell(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (key === "shell" ? undefined : inner)));
}

describe("renderRegistry", () => {
  it("writes what parseRegistry reads back as the same registry", () => {
    fc.assert(
      fc.property(registry, (original) => {
        const text = renderRegistry(original);
        const parsed = parseRegistry(text);
        expect(withoutShell(withoutLines(parsed))).toEqual(withoutShell(withoutLines(original)));
        expect(parsed.problems.filter(({ severity }) => severity === "error")).toEqual([]);
        expect(renderRegistry(parsed)).toBe(text);
      }),
      { numRuns: 50, seed: 7 },
    );
  }, 60_000);

  it.each(["seven-rows.md", "nine-rows.md"])("keeps all that it models of %s", (name) => {
    const parsed = parseRegistry(readFileSync(new URL(`testdata/${name}`, import.meta.url), "utf8"));
    const again = parseRegistry(renderRegistry(parsed));
    expect(withoutLines(again)).toEqual(withoutLines(parsed));
    expect(again.problems).toEqual([]);
  });

  it("refuses an id that is none: it could hold a row", () => {
    const row = { name: "x", triggers: [], status: "active" as const, category: "", last_updated: "", line: 0 };
    expect(() => renderRegistry({ title: "", header: [], chapters: [], workflows: [{ id: "MW-001 | x", ...row }] })).toThrow(RangeError);
  });
});

// Marks that begin or end something in Markdown, between words and line ends.
const mark = fc.constantFrom(
  "\n",
  "\n\n",
  "\r",
  "    ",
  "\t",
  "## X\n",
  "# X\n",
  "### MW-009: Forged\n",
  "#### 9. Forged\n",
  "```\n",
  "~~~\n",
  "<!--",
  "<script>",
  "**Steps:**\n",
  "**Outputs:** x\n",
  '| MW-009 | f | "f" | Active | |\n',
  "| ID | Name | Trigger | Status |\n|--|--|--|--|\n",
  "---\n",
  "- ",
  "--",
  "1. ",
  "> ",
  "[ ] ",
  '"',
  " / ",
  "\\",
  "|",
  " #",
  "*",
  "`",
  "\u0000",
  "\u2028",
  "\ud800",
  "x",
  "word",
);
const hostile = fc.array(mark, { maxLength: 12 }).map((marks) => marks.join(""));
const hostileNotes = fc.array(fc.record({ label: hostile, text: hostile, items: fc.array(hostile, { maxLength: 2 }) }), { maxLength: 2 });
const list = fc.array(hostile, { maxLength: 2 });
const hostileRegistry: fc.Arbitrary<Registry> = fc.record({
  title: hostile,
  header: hostileNotes,
  chapters: fc.array(fc.record({ heading: hostile.map((text) => `Chapter ${text}`), text: hostile }), { maxLength: 3 }),
  workflows: fc
    .array(
      fc.record({
        name: hostile.map((text) => `n${text}`),
        triggers: list,
        status: fc.constantFrom("active" as const, "draft" as const),
        category: hostile,
        last_updated: hostile,
        line: fc.constant(0),
        section: fc.record({
          heading: hostile,
          chapter: hostile,
          scope: hostile,
          trigger_phrases: list,
          disambiguates_from: list,
          prerequisites: list,
          steps: fc.array(
            fc.record({
              number: fc.constant(1),
              title: hostile,
              actions: list,
              validation: list,
              shell: fc.constant([]),
              notes: hostileNotes,
              line: fc.constant(0),
            }),
            { maxLength: 2 },
          ),
          outputs: list,
          success_criteria: list,
          example: hostile,
          related_files: list,
          related_workflows: list,
          notes: hostileNotes,
          line: fc.constant(0),
        }),
      }),
      { maxLength: 3 },
    )
    .map((all) => all.map((one, index) => ({ id: `MW-10${index}`, ...one }))),
});

describe("hostile texts", () => {
  it("become no row, no section and no step, and are the same from then on", () => {
    fc.assert(
      fc.property(hostileRegistry, (original) => {
        const parsed = parseRegistry(renderRegistry(original));
        const byId = (workflows: readonly Workflow[]) =>
          workflows.map(({ id, status, section: found }) => `${id} ${status} ${found?.steps.length ?? "none"}`).toSorted();
        expect(byId(parsed.workflows)).toEqual(byId(original.workflows));
        const again = parseRegistry(renderRegistry(parsed));
        expect(withoutLines(again)).toEqual(withoutLines(parsed));
      }),
      { numRuns: 100, seed: 7 },
    );
  }, 60_000);

  it("any text at all is read without an exception", () => {
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 60 }), (marks) => {
        const parsed = parseRegistry(`# T\n\n## Workflow Registry\n\n${marks.join("")}`);
        expect(renderRegistry(parsed)).toBe(renderRegistry(parseRegistry(renderRegistry(parsed))));
      }),
      { numRuns: 150, seed: 7 },
    );
  }, 60_000);
});

describe("stepText", () => {
  it("is what an agent is given of a step", () => {
    const parsed = parseRegistry(readFileSync(new URL("testdata/nine-rows.md", import.meta.url), "utf8"));
    const [first] = parsed.workflows.find(({ id }) => id === "MW-008")?.section?.steps ?? [];
    expect(first === undefined ? "" : stepText(first)).toBe(
      "**Actions:**\n\n- Say what was assumed\n\n**Why:** It is cheaper to stop now\n\n**If fails:**\n\n- Ask",
    );
  });
});
