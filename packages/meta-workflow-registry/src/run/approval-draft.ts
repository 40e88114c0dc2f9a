import type { Json, Step } from "../definition/definition.ts";
import type { ApprovalDraft } from "./approval.ts";
import type { Here } from "./here.ts";
import type { RunContext } from "./run-context.ts";
import { bounded, cut, MAX_GIVEN_BYTES, MAX_LINE } from "./value-bounds.ts";

/**
 * What a person is asked.
 *
 * @throws StepFailure expression_failed, too_large
 */
export function approvalDraft(context: RunContext, here: Here, step: Extract<Step, { type: "approval" }>, bind: Json): ApprovalDraft {
  const draft: ApprovalDraft = {
    path: here.path,
    step_id: step.id,
    title: step.title === undefined ? step.id : cut(context.text(step.title, here), MAX_LINE),
    subject: context.fill(step.subject, here),
    bind,
    ...(step.show === undefined ? {} : { show: context.fill(step.show, here) }),
    ...(step.environment === undefined ? {} : { environment: context.text(step.environment, here) }),
    required: step.min,
    wait_at_most: step.wait_at_most,
  };
  return bounded(draft, "What is to be approved", here.path, 2 * MAX_GIVEN_BYTES);
}
