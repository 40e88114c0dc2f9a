import type { Definition, Step } from "../definition/definition.ts";

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

/** Every step under these, parents first, in the order of the text. */
export function* everyStep(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    for (const branch of branchesOf(step)) yield* everyStep(branch.steps);
  }
}

/** Every step of a definition: its own, those of its tasks, and those which always run at the end. */
export function* stepsOf(definition: Definition): Generator<Step> {
  yield* everyStep(definition.steps);
  for (const task of Object.values(definition.tasks)) yield* everyStep(task.steps);
  yield* everyStep(definition.finally);
}
