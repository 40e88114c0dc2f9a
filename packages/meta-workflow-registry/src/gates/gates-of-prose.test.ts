import { describe, expect, it } from "vitest";
import { gatesOfProse, type Gate } from "./gates-of-prose.ts";
import type { ProseStep } from "./step-meant.ts";

const STEPS: readonly ProseStep[] = [
  { title: "Collect the facts", actions: ["Read the logs", "Look at what was deployed"] },
  { title: "Write the migration", actions: ["Create the file", "Test it on a copy"] },
  { title: "Deploy to production", actions: ["Deploy it blue-green", "Watch the error rate"] },
];
const gates = (example: string, asks_before: readonly string[] = [], steps = STEPS): Gate[] =>
  gatesOfProse({ steps, example, asks_before });
const placed = (found: readonly Gate[]): unknown[] => found.map(({ kind, before }) => [kind, before]);

describe("an example of use", () => {
  it.each<[string, unknown[]]>([
    ['AI: "The file is there. Shall I deploy it?"', [["yes", 2]]],
    ['AI: "Do you want me to write the migration?"', [["yes", 1]]],
    ['Assistant: "Logs are read. May I proceed?"', [["yes", 2]]],
    // Nothing was done by then: whatever comes next waits.
    ['AI: "Shall I begin?"', [["yes", 0]]],
    ['[Reads the logs]\nAI: "Shall I begin?"', [["yes", 2]]],
    ['AI: "It is on staging, and production waits for approval of QA."', [["yes", 2]]],
    ['AI: "It is tested. Ready for production."', [["yes", 2]]],
    ['AI: "Which migration do I write?"', [["answer", 1]]],
    ['AI: "First:\n1. the logs\n\nThen the rest. Shall I deploy?"', [["yes", 2]]],
    [
      'AI: "May I write the migration?"\nUser: "Yes"\n[Writes it]\nAI: "Deploy now?"',
      [
        ["answer", 2],
        ["yes", 1],
      ].toReversed(),
    ],
    // Nobody waits here.
    ['AI: "Why is it slow? An index is missing."', []],
    ['User: "Shall we deploy?"\nAI: "I deploy it."', []],
    ['AI: "Deployed. Is there anything else?"', []],
    ['AI: "It runs without approval."', []],
    ['AI: "No approval is needed for staging."', []],
    ['AI: "Ready for production."\n[Deploys]\nAI: "It is deployed."', []],
    ["Deployment: shall it be?", []],
    ["", []],
  ])("%s", (example, wanted) => {
    expect(placed(gates(example))).toEqual(wanted);
  });

  it("says where a place is only a guess", () => {
    expect(gates('AI: "Done. Shall I?"')).toMatchObject([{ named: false, before: 2 }]);
    expect(gates('AI: "Done. Shall I deploy?"')).toMatchObject([{ named: true, before: 2 }]);
  });
});

describe("what is said outright", () => {
  it("counts, and the example is not read for it then", () => {
    expect(placed(gates('AI: "Shall I collect the facts?"', ["the migration is written", "production: it waits for QA"]))).toEqual([
      ["yes", 1],
      ["yes", 2],
    ]);
  });

  it("an approval of the whole stands at the end", () => {
    expect(placed(gates("", ["the pull request is approved: every finding must be fixed"]))).toEqual([["yes", 3]]);
    expect(placed(gates('All Agents: "We mend all of it before approval."'))).toEqual([["yes", 3]]);
  });

  it("a step that says it is asked about, or is the asking", () => {
    const step = (title: string, ...actions: string[]): readonly ProseStep[] => [STEPS[0]!, { title, actions }, STEPS[2]!];
    expect(placed(gates("", [], step("Skip staging", "Skip it, with approval")))).toEqual([["yes", 1]]);
    expect(placed(gates("", [], step("Hold", "Wait for the owner's decision")))).toEqual([["yes", 2]]);
    expect(placed(gates("", [], step("Ask for approval", "Show the plan")))).toEqual([["yes", 2]]);
    for (const free of ["Restart it; no approval is needed", "Ask for reviewers", "Request reviews", "Wait for the health check"])
      expect([free, gates("", [], step("Go on", free))]).toEqual([free, []]);
  });

  it("one place is asked about once", () => {
    expect(
      placed(gates('AI: "Shall I deploy to production?"', [], [STEPS[0]!, { title: "Deploy", actions: ["Deploy, after approval"] }])),
    ).toEqual([["yes", 1]]);
  });
});

describe("hostile text", () => {
  it("is read in time that grows with its length, and never fails", () => {
    for (const text of [
      "a".repeat(200_000),
      "AI: ".repeat(50_000),
      "before ".repeat(30_000),
      `AI: "${"waits for ".repeat(20_000)}?"`,
      "[".repeat(100_000),
    ]) {
      const found = gates(text, [text.slice(0, 4_000)], [{ title: text.slice(0, 2_000), actions: [text.slice(0, 20_000)] }]);
      expect(found.length).toBeLessThan(5);
      expect(found.every(({ words }) => words.length <= 160)).toBe(true);
    }
    expect(gatesOfProse({ steps: [], example: 'AI: "Shall I?"' })).toEqual([]);
  });
});
