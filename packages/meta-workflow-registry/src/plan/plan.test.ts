import { describe, expect, it } from "vitest";
import { closeOver } from "../definition/closure.ts";
import type { Definition, Json } from "../definition/definition.ts";
import { parseDefinition } from "../definition/parse-definition.ts";
import { prompt, richDefinition, step } from "../page/fixture/rich-definition.ts";
import { PLANNING_INTERACTIVE, SERVER_WORKFLOWS } from "../importer/fixture/server-workflows.ts";
import { importDefinition } from "../importer/import-definition.ts";
import { dryRunText, planDefinition, type DryRun } from "./index.ts";

const plan = (
  definition: Definition,
  inputs: { [name: string]: Json } = {},
  others: readonly Definition[] = [],
  tools?: readonly string[],
): DryRun =>
  planDefinition(
    closeOver(definition, (id) => others.find((one) => one.id === id)),
    inputs,
    tools === undefined ? {} : { tools },
  );
const small = (steps: Definition["steps"], changes: Partial<Definition> = {}): Definition =>
  richDefinition({
    id: "small",
    risk: "low",
    steps,
    finally: [],
    tasks: {},
    locks: [],
    secrets: [],
    inputs: { type: "object", properties: {} },
    initial_state: {},
    ...changes,
  });
const chances = ({ steps }: DryRun): Record<string, string> => Object.fromEntries(steps.map(({ path, chance }) => [path, chance]));
const postMortem = richDefinition({ id: "post-mortem", steps: [prompt("write", "Write it.")], finally: [], tasks: {} });

describe("a rich definition", () => {
  const production = plan(richDefinition(), { service: "api", environment: "production" }, [postMortem], ["deploy.apply"]);

  it("decides what its inputs decide, and says why for the rest", () => {
    expect(
      production.branches.filter(({ answer }) => answer !== "unknown").map(({ path, question, answer }) => [path, question, answer]),
    ).toEqual([
      ["is_production", "inputs.environment == 'production'", true],
      ["until_fixed/fix", "inputs.canary > 5", true],
      ["which", "inputs.canary > 50", false],
    ]);
    expect(production.branches.find(({ path }) => path === "until_fixed")).toMatchObject({
      answer: "unknown",
      why: expect.stringContaining("state.findings") as string,
    });
    expect(chances(production)).toMatchObject({
      "preflight/tests/unit_tests": "will",
      "is_production/go_live": "will",
      "is_production/note_staging": "never",
      deploy: "will",
      "until_fixed/fix": "may",
      "watch/page_someone": "may",
      "which/sub": "never",
      "which/end_early": "will",
      confirm_end: "never",
      "finally/say_so": "will",
    });
    const staging = plan(richDefinition(), { service: "api", environment: "staging", canary: 60 }, [postMortem]);
    expect(chances(staging)).toMatchObject({
      "is_production/go_live": "never",
      "is_production/note_staging": "will",
      "which/sub": "will",
      "which/sub/write": "will",
      confirm_end: "will",
    });
    expect(staging.approvals).toEqual([]);
  });

  it("tells approvals, locks, calls, risk and how many actions", () => {
    expect(production.approvals).toEqual([
      { path: "is_production/go_live", title: "Go live?", chance: "will", people: 2, wait_at_most_ms: 14_400_000, binds: "api" },
    ]);
    expect(production.locks).toEqual([{ name: "env:production", known: true }]);
    expect(production).toMatchObject({
      risk: "high",
      effects: "destructive",
      secrets: ["deploy_token"],
      questions: { min: 1, max: 1 },
      problems: [],
    });
    expect(production.calls.map(({ kind, name, by, chance, available }) => [kind, name, by, chance, available])).toEqual([
      ["program", "npm test", "server", "will", undefined],
      ["capability", "deploy.apply", "server", "will", true],
      ["capability", "deploy.rollback", "server", "may", false],
      ["check", "http", "server", "will", undefined],
      ["tool", "notify", "client", "will", undefined],
    ]);
    // The notice at the end; at most 100 reviews, five repairs and the notice, bounded by the budget.
    expect(production.actions).toEqual({ min: 1, max: 50 });
    expect(production.unknown).toContain("How many items `state.files` has: at most 100.");
  });

  it("names inputs that are wrong", () => {
    expect(
      plan(richDefinition(), { service: "API!", environment: "moon", extra: 1, canary: "x" }, [postMortem])
        .problems.map(({ input }) => input)
        .toSorted(),
    ).toEqual(["canary", "environment", "service"]);
    expect(
      plan(richDefinition(), {}, [postMortem])
        .problems.map(({ input }) => input)
        .toSorted(),
    ).toEqual(["environment", "service"]);
  });
});

describe("what is known", () => {
  const condition = (question: string): Definition["steps"][number] =>
    step({ id: "c", type: "condition", if: question, then: [prompt("yes", "x")], else: [prompt("no", "x")] });
  it.each<[string, boolean | "unknown"]>([
    ["inputs.a == 1", true],
    ["inputs.a == 2 && steps.x.output.ok", false],
    ["inputs.a == 1 && steps.x.output.ok", "unknown"],
    ["steps.x.output.ok || (inputs.a + 1) * 2 == 4", true],
    ["!(steps.x.output.ok || inputs.a == 1)", false],
    ["inputs.a == 1 ? inputs.b : steps.x.output.ok", true],
    ["steps.x.output.ok ? inputs.b : true", "unknown"],
    ["default(inputs.missing, 'none') == 'none'", true],
    ["default(state.missing, 1) == 1", true],
    ["state.mode == 'fast'", true],
    ["state.result == 1", "unknown"],
    ["state.derived == 2", true],
    ["run.id == 'x'", "unknown"],
    ["now() > timestamp('2020-01-01T00:00:00Z')", "unknown"],
    ["inputs.nothing.at.all", "unknown"],
    ["inputs.a", "unknown"],
    ["[1, 2].all(i, i <= inputs.a + 1)", true],
  ])("%s is %s", (question, answer) => {
    const found = plan(
      small(
        [
          prompt("x", "x", { output_to: "result" }),
          step({ id: "set", type: "set_state", updates: { derived: "${{ inputs.a + 1 }}" } }),
          condition(question),
        ],
        {
          initial_state: { mode: "${{ inputs.b ? 'fast' : 'slow' }}" },
        },
      ),
      { a: 1, b: true },
    );
    expect(found.branches[0]?.answer).toBe(answer);
    expect(chances(found)).toMatchObject({
      "c/yes": answer === true ? "will" : answer === false ? "never" : "may",
      "c/no": answer === true ? "never" : answer === false ? "will" : "may",
    });
  });

  it("what a way that may be taken wrote is not known afterwards", () => {
    const found = plan(
      small(
        [
          step({
            id: "c",
            type: "condition",
            if: "steps.x.output.ok",
            then: [step({ id: "s", type: "set_state", updates: { a: 2 } })],
            else: [],
          }),
          step({ id: "d", type: "condition", if: "state.a == 1", then: [prompt("p", "x")], else: [] }),
          step({
            id: "again",
            type: "loop",
            while: "state.n < 3",
            max: 5,
            steps: [
              step({ id: "e", type: "condition", if: "state.n == 0", then: [prompt("q", "x")], else: [] }),
              step({ id: "add", type: "set_state", updates: { n: "${{ state.n + 1 }}" } }),
            ],
          }),
        ],
        { initial_state: { a: 1, n: 0 } },
      ),
    );
    expect(found.branches.map(({ path, answer }) => [path, answer])).toEqual([
      ["c", "unknown"],
      ["d", "unknown"],
      ["again", true],
      ["again/e", "unknown"],
    ]);
  });

  it("what a step that may be skipped wrote is not known afterwards", () => {
    const set = (id: string, when: string): Definition["steps"][number] => step({ id, type: "set_state", updates: { a: 2 }, when });
    const asked = step({ id: "d", type: "condition", if: "state.a == 2", then: [prompt("p", "x")], else: [] });
    const answers = (when: string): unknown => plan(small([set("s", when), asked], { initial_state: { a: 1 } })).branches.at(-1)?.answer;
    expect([answers("steps.x.output.ok"), answers("1 == 2"), answers("1 == 1")]).toEqual(["unknown", false, true]);
  });

  it("what follows an end never runs, or only may", () => {
    const end = step({ id: "end", type: "return", value: 1 });
    const behind = (first: Definition["steps"][number]): unknown => chances(plan(small([first, prompt("p", "x")])))["p"];
    expect(behind(end)).toBe("never");
    expect(behind({ ...end, when: "steps.x.output.ok" })).toBe("may");
    expect(behind(step({ id: "c", type: "condition", if: "steps.x.output.ok", then: [end], else: [] }))).toBe("may");
    expect(behind(step({ id: "c", type: "condition", if: "steps.x.output.ok", then: [end], else: [{ ...end, id: "end2" }] }))).toBe(
      "never",
    );
    expect(behind(step({ id: "c", type: "condition", if: "false", then: [end], else: [] }))).toBe("will");
    expect(behind(step({ id: "c", type: "check", that: "1 == 2", on_fail: "fail" }))).toBe("never");
    expect(behind(step({ id: "c", type: "check", that: "1 == 2", on_fail: "warn" }))).toBe("will");
  });

  it("counts actions of lists that are known", () => {
    const each = step({
      id: "each",
      type: "foreach",
      items: "inputs.files",
      as: "item",
      steps: [prompt("p", "x"), prompt("q", "x", { when: "item == 'a'" })],
      max_parallel: 5,
      limit: 100,
      on_item_error: "stop",
    });
    expect(plan(small([each]), { files: ["a", "b", "c"] }).actions).toEqual({ min: 3, max: 6 });
    expect(plan(small([each]), { files: [] }).actions).toEqual({ min: 0, max: 0 });
  });
});

describe("imported definitions", () => {
  it.each(Object.keys(SERVER_WORKFLOWS))("%s can be planned", (name) => {
    const { definition } = importDefinition(SERVER_WORKFLOWS[name] ?? "", { environment: {} });
    const given: Record<string, Json> = { service: "api", files: ["a"], number: 1, task_description: "x" };
    const { properties } = (definition ?? small([])).inputs as { properties: object };
    const found = plan(definition ?? small([]), Object.fromEntries(Object.entries(given).filter(([input]) => input in properties)));
    expect(found.problems).toEqual([]);
    expect(found.actions.max).toBeGreaterThan(0);
  });

  it("the interactive plan knows whether a person is asked", () => {
    const { definition } = importDefinition(PLANNING_INTERACTIVE, { environment: {} });
    const found = plan(definition ?? small([]), { task_description: "x", require_approval: false });
    expect(chances(found)).toMatchObject({ "approval/ask_approval": "never", "approval/self_approved": "will" });
  });
});

describe("in words", () => {
  it("says all of it in few", () => {
    const text = dryRunText(plan(richDefinition(), { service: "api", environment: "production" }, [postMortem], ["deploy.apply"]));
    expect(text).toContain("roll-out 1.2.0: risk high, effects destructive; 1–50 agent actions, 1 questions, 1 approvals.");
    expect(text).toContain("- capability deploy.rollback by the server (may): NOT THERE");
    expect(text).toContain("+ is_production/go_live: Go live? [approval, a person]");
    expect(text).toContain("- is_production: inputs.environment == 'production' is true");
  });

  it("stays short and quick, whatever the definition", () => {
    const steps = Array.from({ length: 2_000 }, (_, index) =>
      prompt(`s${index}`, "x", { title: "t\n## x".repeat(50), when: `steps.s${Math.max(0, index - 1)}.output.ok` }),
    );
    const text = dryRunText(plan(small(steps)));
    expect(text.length).toBeLessThanOrEqual(7_000);
    expect(text).toMatch(/… \d+ more steps$/);
    expect(text).not.toContain("\n## x");
  });

  it("is bounded where definitions call each other often", () => {
    const ids = ["a", "b", "c", "d", "e"];
    const definitions = ids.map((id, index) =>
      small(
        ids[index + 1] === undefined
          ? [prompt("p", "x")]
          : Array.from({ length: 60 }, (_, at) => step({ id: `w${at}`, type: "workflow", workflow: ids[index + 1] ?? "", inputs: {} })),
        { id },
      ),
    );
    const found = plan(definitions[0] ?? small([]), {}, definitions);
    expect(found.unknown).toContain("Only the first 20000 steps were looked at.");
    expect(found.steps.length).toBeLessThanOrEqual(20_000);
  });

  it("a definition as it is written is planned too", () => {
    const { definition } = parseDefinition("id: x\nname: X\nversion: 1.0.0\nsteps:\n  - { id: a, type: prompt, instructions: Do. }\n");
    expect(plan(definition ?? small([])).steps).toMatchObject([{ path: "a", chance: "will" }]);
  });
});
