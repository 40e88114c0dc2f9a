import type { Json } from "../definition/definition.ts";
import { approvalDraft } from "./approval-draft.ts";
import type { ApprovalDecision } from "./approval.ts";
import { ScopeCancelled, StepFailure } from "./completion.ts";
import { guardNow, voided, type Guard } from "./guard.ts";
import type { Here } from "./here.ts";
import type { RunContext } from "./run-context.ts";

/** So often a person is asked before one step: what changes with each answer is never approved. */
const MOST_TIMES = 3;

/** Whether a step that has not begun would be held up by its guard, only because what was approved has changed since. */
export function isApprovalOld(context: RunContext, here: Here): boolean {
  const { step, path } = here;
  if (step.guard === undefined || context.journal.began[path] !== undefined) return false;
  try {
    if (step.when !== undefined && !context.holds(step.when, here)) return false;
    const guard = guardNow(context, here);
    return guard !== undefined && guard.digest !== guard.decision.digest && context.ports.asksAnew();
  } catch (error) {
    // It is told when the step begins.
    if (error instanceof StepFailure) return false;
    throw error;
  }
}

/**
 * Asks anew for the approval of a step, until it is of what would be done. The decision takes the place of the old one. Steps
 * that wait for the same approval ask once.
 *
 * @throws StepFailure not_approved, approval_void, too_large
 * @throws ScopeCancelled
 */
export async function askAnew(context: RunContext, here: Here): Promise<void> {
  for (let times = 0; ; times += 1) {
    const guard = guardNow(context, here);
    if (guard === undefined || guard.digest === guard.decision.digest) return;
    if (times >= MOST_TIMES) throw voided(here, guard);
    await askOnce(context, here, guard);
  }
}

async function askOnce(context: RunContext, here: Here, guard: Guard): Promise<void> {
  const { asking } = context;
  const known = asking.get(guard.path);
  if (known !== undefined) {
    // Who asked was ended meanwhile: then it is for this step to ask.
    await known.catch((error: unknown) => {
      if (!(error instanceof ScopeCancelled)) throw error;
    });
    return;
  }
  const asked = decide(context, here, guard).finally(() => asking.delete(guard.path));
  asking.set(guard.path, asked);
  await asked;
}

async function decide(context: RunContext, here: Here, guard: Guard): Promise<void> {
  const { step, path, decision: before, digest } = guard;
  const bind = context.fill(step.bind, here);
  context.record(here.path, "warned", `What ${step.id} approved has changed since: it is asked anew.`);
  context.record(path, "waiting", step.title);
  const draft = approvalDraft(context, { ...here, step, path }, step, bind);
  const again = before.request_id === undefined ? draft : { ...draft, instead_of: before.request_id };
  const decision = await context.ports.approval(again, here.scope);
  if (decision.decision === "cancelled" && here.scope.cancelled) throw new ScopeCancelled();
  if (decision.decision !== "approved" || decision.digest !== digest) throw refused(here, guard, decision);
  const record = context.journal.steps[path];
  if (record === undefined) return;
  const output = decision as unknown as Json;
  context.kept.take(record, path);
  context.records.put(path, { ...record, output });
  if (step.output_to !== undefined) context.update(here, [[step.output_to, output]]);
}

/** The old decision stays: where the run is taken up again, it is asked anew. */
function refused(here: Here, { step }: Guard, { decision, by, reason }: ApprovalDecision): StepFailure {
  const word = decision === "timed_out" ? "not decided in time" : decision === "approved" ? "approved for something else" : "not approved";
  const said = [by === undefined ? undefined : `by ${by}`, reason].filter((part) => part !== undefined).join(": ");
  const message = `What ${step.id} approved had changed, so it was asked anew, and was ${word}${said === "" ? "" : ` (${said})`}: ${here.step.id} did not run.`;
  return new StepFailure("not_approved", message, step.on_reject.then === "decline" && decision === "rejected" ? { declined: true } : {});
}
