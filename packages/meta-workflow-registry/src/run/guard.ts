import { everyStep } from "../definition/walk.ts";
import { digestOf } from "../expression/index.ts";
import type { ApprovalDecision } from "./approval.ts";
import { StepFailure } from "./completion.ts";
import { recordOf } from "./frame.ts";
import type { Here } from "./here.ts";
import type { RunContext } from "./run-context.ts";

/**
 * The decision by which a guarded step may run; nothing for a step without a guard. What was bound is evaluated anew: where it
 * is not what was approved any more, the approval is void.
 *
 * @throws StepFailure not_approved, approval_void
 */
export function guardOf(context: RunContext, here: Here): ApprovalDecision | undefined {
  const { guard } = here.step;
  if (guard === undefined) return undefined;
  const decision = recordOf(here.frame, context.journal, guard)?.output as unknown as ApprovalDecision | undefined;
  if (decision?.decision !== "approved")
    throw new StepFailure("not_approved", `${here.step.id} runs only once ${guard} is approved, and it is not.`);
  const approval = [...everyStep(here.frame.definition)].find(({ id }) => id === guard);
  if (approval?.type !== "approval") throw new StepFailure("not_approved", `${guard} is no approval.`);
  const digest = digestOf(context.fill(approval.bind, here));
  if (digest !== decision.digest)
    throw new StepFailure("approval_void", `What ${guard} approved has changed since: ${here.step.id} did not run.`);
  return decision;
}
