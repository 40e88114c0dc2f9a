import type { Step } from "../definition/definition.ts";

/** A list of steps inside a step, with what leads into it. */
export interface Branch {
  /** A few plain words: `yes`, `no`, `tests`, `else`, `each item`, `on error`, `rejected`. */
  readonly label: string;
  /** `branch`: part of what the step does. `error`: only where it failed. `rejected`: only where a person said no. */
  readonly kind: "branch" | "error" | "rejected";
  readonly steps: readonly Step[];
}

/** Every list of steps inside a step, in the order of its text; empty lists are left out. */
export function branchesOf(step: Step): readonly Branch[] {
  return [...ownBranches(step), ...errorBranches(step)].filter((branch) => branch.steps.length > 0);
}

function ownBranches(step: Step): readonly Branch[] {
  const branch = (label: string, steps: readonly Step[]): Branch => ({ label, kind: "branch", steps });
  switch (step.type) {
    case "condition":
      return [branch("yes", step.then), branch("no", step.else)];
    case "switch":
      return [...step.cases.map((one) => branch(one.when, one.steps)), branch("else", step.else)];
    case "parallel":
      return Object.entries(step.branches).map(([name, steps]) => branch(name, steps));
    case "foreach":
      return [branch("each item", step.steps ?? [])];
    case "loop":
      return [branch("again", step.steps)];
    case "approval":
      return step.on_reject.then === "steps" ? [{ label: "rejected", kind: "rejected", steps: step.on_reject.steps }] : [];
    default:
      return [];
  }
}

function errorBranches(step: Step): readonly Branch[] {
  return step.on_error.then === "steps" ? [{ label: "on error", kind: "error", steps: step.on_error.steps }] : [];
}
