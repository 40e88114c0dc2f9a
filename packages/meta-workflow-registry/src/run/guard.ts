import type { Step } from "../definition/definition.ts";
import { everyStep } from "../definition/walk.ts";
import { digestOf } from "../expression/index.ts";
import type { ApprovalDecision } from "./approval.ts";
import { StepFailure } from "./completion.ts";
import { pathOf } from "./frame.ts";
import type { Here } from "./here.ts";
import type { RunContext } from "./run-context.ts";

/** The approval that guards a step, and what was decided. */
export interface Guard {
  readonly step: Extract<Step, { type: "approval" }>;
  /** Of its record in the journal. */
  readonly path: string;
  readonly decision: ApprovalDecision;
  /** Of what it would bind now. */
  readonly digest: string;
}

/**
 * The approval of a guarded step, what it binds evaluated anew; nothing for a step without a guard.
 *
 * @throws StepFailure not_approved
 */
export function guardNow(context: RunContext, here: Here): Guard | undefined {
  const { guard } = here.step;
  if (guard === undefined) return undefined;
  const path = pathOf(here.frame, context.journal, guard);
  const decision = path === undefined ? undefined : (context.journal.steps[path]?.output as unknown as ApprovalDecision | undefined);
  if (path === undefined || decision?.decision !== "approved")
    throw new StepFailure("not_approved", `${here.step.id} runs only once ${guard} is approved, and it is not.`);
  const step = [...everyStep(here.frame.definition)].find(({ id }) => id === guard);
  if (step?.type !== "approval") throw new StepFailure("not_approved", `${guard} is no approval.`);
  return { step, path, decision, digest: digestOf(context.fill(step.bind, here)) };
}

/**
 * The decision by which a guarded step may run; nothing for a step without a guard. Where what is bound is not what was approved
 * any more, the approval is void.
 *
 * @throws StepFailure not_approved, approval_void
 */
export function guardOf(context: RunContext, here: Here): ApprovalDecision | undefined {
  const guard = guardNow(context, here);
  if (guard !== undefined && guard.digest !== guard.decision.digest) throw voided(here, guard);
  return guard?.decision;
}

/** What was approved is not what would be done. */
export function voided({ step }: Here, guard: Guard): StepFailure {
  return new StepFailure("approval_void", `What ${guard.step.id} approved has changed since: ${step.id} did not run.`);
}
