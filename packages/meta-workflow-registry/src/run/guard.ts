import type { Step } from "../definition/definition.ts";
import { digestOf } from "../expression/index.ts";
import type { ApprovalDecision } from "./approval.ts";
import { StepFailure } from "./completion.ts";
import type { Frame } from "./frame.ts";
import type { StepRecord } from "./journal.ts";
import type { Here, Walk } from "./walk.ts";

/**
 * The decision by which a guarded step may run; nothing for a step without a guard. What was bound is evaluated anew: where it
 * is not what was approved any more, the approval is void.
 *
 * @throws StepFailure not_approved, approval_void
 */
export function guardOf(walk: Walk, here: Here): ApprovalDecision | undefined {
  const { guard } = here.step;
  if (guard === undefined) return undefined;
  const decision = decisionOf(walk, here.frame, guard)?.output as unknown as ApprovalDecision | undefined;
  if (decision?.decision !== "approved")
    throw new StepFailure("not_approved", `${here.step.id} runs only once ${guard} is approved, and it is not.`);
  const approval = findStep(here.frame.definition, guard);
  if (approval?.type !== "approval") throw new StepFailure("not_approved", `${guard} is no approval.`);
  const digest = digestOf(walk.fill(approval.bind, here));
  if (digest !== decision.digest)
    throw new StepFailure("approval_void", `What ${guard} approved has changed since: ${here.step.id} did not run.`);
  return decision;
}

function decisionOf(walk: Walk, frame: Frame, id: string): StepRecord | undefined {
  const path = walk.journal.visible[frame.key]?.[id];
  if (path !== undefined) return walk.journal.steps[path];
  return frame.outer === undefined ? undefined : decisionOf(walk, frame.outer, id);
}

function findStep({ steps, tasks, finally: last }: Frame["definition"], id: string): Step | undefined {
  const lists = [steps, last, ...Object.values(tasks).map((task) => task.steps)];
  return lists.map((list) => inList(list, id)).find((found) => found !== undefined);
}

function inList(steps: readonly Step[], id: string): Step | undefined {
  for (const step of steps) {
    if (step.id === id) return step;
    const found = childrenOf(step)
      .map((list) => inList(list, id))
      .find((one) => one !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The lists of steps within a step, those of its `on_error` included. */
export function childrenOf(step: Step): readonly (readonly Step[])[] {
  const handlers = step.on_error.then === "steps" ? [step.on_error.steps] : [];
  switch (step.type) {
    case "condition":
      return [step.then, step.else, ...handlers];
    case "switch":
      return [...step.cases.map(({ steps }) => steps), step.else, ...handlers];
    case "parallel":
      return [...Object.values(step.branches), ...handlers];
    case "loop":
      return [step.steps, ...handlers];
    case "foreach":
      return [step.steps ?? [], ...handlers];
    case "approval":
      return [step.on_reject.then === "steps" ? step.on_reject.steps : [], ...handlers];
    default:
      return handlers;
  }
}
