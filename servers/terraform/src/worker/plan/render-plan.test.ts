import { expect, test } from "vitest";
import type { ResourceAction, ResourceChange } from "../../terraform/plan-summary.ts";
import type { PlanView } from "./plan-record.ts";
import { planLines, printPlan } from "./render-plan.ts";

const change = (address: string, action: ResourceAction): ResourceChange => ({
  address,
  type: "terraform_data",
  action,
  actions: [action],
  attributes: [],
});

const VIEW: PlanView = {
  workspace: "vpc",
  counts: { add: 1, change: 0, destroy: 1, replace: 1, move: 0, import: 0, forget: 0, outputs: 1 },
  kinds: ["create", "delete", "outputs", "replace"],
  changes: [change("terraform_data.new", "create"), change("terraform_data.old", "delete"), change("terraform_data.other", "replace")],
  drift: [change("terraform_data.touched", "update")],
  outputs: [
    { name: "id", action: "update", sensitive: false, unknown: true },
    { name: "zone", action: "no-op", sensitive: false, unknown: false, after: '"a"' },
  ],
  checks: [{ address: "check.health", status: "fail", problems: ["not healthy"] }],
  complete: true,
  serial: 3,
  program: "terraform 1.11.4",
  made_at: "2026-01-02T03:04:05.000Z",
};

test("every change counted is one line, and no line is more than that: an output that stays is none", () => {
  const lines = planLines(VIEW);
  expect(lines.filter((line) => line.kind === "resource").map((line) => line.address)).toEqual([
    "terraform_data.old",
    "terraform_data.other",
    "terraform_data.new",
  ]);
  expect(lines.filter((line) => line.kind === "output").map((line) => line.address)).toEqual(["id"]);
});

test("what changed outside is a section of its own, after all that the plan does", () => {
  expect(printPlan(VIEW, planLines(VIEW))).toBe(
    [
      "vpc: +1 ~0 -1, 1 replace, 1 outputs",
      "  - terraform_data.old",
      "  -/+ terraform_data.other",
      "  + terraform_data.new",
      "  ~ output id = (known after apply)",
      "  ! check check.health: fail",
      "      not healthy",
      "  Changed outside of terraform since its last run (1):",
      "    ~ terraform_data.touched",
    ].join("\n"),
  );
});

test("warnings are told after the checks; a check that fails is not told twice", () => {
  const warnings = ["Deprecated attribute (acme_thing.t): Use name instead of old.", "Check block assertion failed: not healthy"];
  expect(
    printPlan(VIEW, planLines({ ...VIEW, warnings, drift: [] }))
      .split("\n")
      .slice(-3),
  ).toEqual([
    "  ! check check.health: fail",
    "      not healthy",
    "  ! warning: Deprecated attribute (acme_thing.t): Use name instead of old.",
  ]);
});

test("a page without changes from outside has no such section", () => {
  expect(printPlan(VIEW, planLines(VIEW).slice(0, 2))).not.toContain("Changed outside");
});

test("a secret that comes into being was none before", () => {
  const made: ResourceChange = {
    ...change("terraform_data.new", "create"),
    attributes: [
      { path: "given", after: "(sensitive)", sensitive: true },
      { path: "made", unknown: true, sensitive: true },
    ],
  };
  expect(planLines({ ...VIEW, changes: [made] })[0]?.text).toBe(
    "+ terraform_data.new\n    given: (none) → (sensitive)\n    made: (none) → (known after apply)",
  );
});
