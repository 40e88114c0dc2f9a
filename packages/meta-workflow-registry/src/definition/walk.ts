import type { Definition, Step } from "./definition.ts";

/** Lists of steps in a step, with where they stand in it. */
export function stepLists(step: Step): readonly { readonly path: readonly (string | number)[]; readonly steps: readonly Step[] }[] {
  const lists: { path: readonly (string | number)[]; steps: readonly Step[] }[] = [];
  switch (step.type) {
    case "condition":
      lists.push({ path: ["then"], steps: step.then }, { path: ["else"], steps: step.else });
      break;
    case "foreach":
      if (step.steps !== undefined) lists.push({ path: ["steps"], steps: step.steps });
      break;
    case "parallel":
      for (const [name, steps] of Object.entries(step.branches)) lists.push({ path: ["branches", name], steps });
      break;
    case "switch":
      for (const [index, { steps }] of step.cases.entries()) lists.push({ path: ["cases", index, "steps"], steps });
      lists.push({ path: ["else"], steps: step.else });
      break;
    case "loop":
      lists.push({ path: ["steps"], steps: step.steps });
      break;
    case "approval":
      if (step.on_reject.then === "steps") lists.push({ path: ["on_reject"], steps: step.on_reject.steps });
      break;
    default:
  }
  if (step.on_error.then === "steps") lists.push({ path: ["on_error"], steps: step.on_error.steps });
  return lists;
}

/** Every step of a list, with those in them, in the order of the text. */
export function* stepsIn(steps: readonly Step[]): Generator<Step> {
  for (const step of steps) {
    yield step;
    for (const list of stepLists(step)) yield* stepsIn(list.steps);
  }
}

/** Every step of a definition: of its body, its `finally` and its tasks. */
export function* everyStep(definition: Pick<Definition, "steps" | "finally" | "tasks">): Generator<Step> {
  yield* stepsIn(definition.steps);
  yield* stepsIn(definition.finally);
  for (const task of Object.values(definition.tasks)) yield* stepsIn(task.steps);
}
