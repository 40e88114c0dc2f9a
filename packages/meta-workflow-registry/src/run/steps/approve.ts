import type { Json, Step } from "../../definition/definition.ts";
import { digestOf } from "../../expression/index.ts";
import { approvalDraft } from "../approval-draft.ts";
import { ScopeCancelled, StepFailure, type Made } from "../completion.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";

type Approval = Extract<Step, { type: "approval" }>;

/** `approval`: a person decides about the digest of what is bound. */
export async function approve(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Approval;
  const { marks } = walk.journal;
  const known = marks[here.path] as { readonly rejected: Json } | undefined;
  if (known !== undefined) return onReject(walk, here, step, known.rejected);
  const bind = walk.fill(step.bind, here);
  const digest = digestOf(bind);
  walk.record(here.path, "waiting", step.title);
  const decision = await walk.ports.approval(approvalDraft(walk, here, step, bind), here.scope);
  if (decision.decision === "cancelled" && here.scope.cancelled) throw new ScopeCancelled();
  const output = decision as unknown as Json;
  // A decision about something else decides nothing here.
  if (decision.decision === "approved" && decision.digest === digest) return { kind: "output", output };
  if (decision.decision === "timed_out" && step.on_timeout === "continue") {
    walk.record(here.path, "warned", "Nobody decided in time.");
    return { kind: "output", output };
  }
  const rejected =
    decision.decision === "approved" ? { ...decision, decision: "rejected", reason: "It was decided about something else." } : decision;
  return onReject(walk, here, step, rejected as unknown as Json);
}

async function onReject(walk: Walk, here: Here, step: Approval, rejected: Json): Promise<Made> {
  const { decision, by, reason } = rejected as { readonly decision: string; readonly by?: string; readonly reason?: string };
  if (step.on_reject.then === "decline") {
    const said = [by === undefined ? undefined : `by ${by}`, reason].filter((part) => part !== undefined).join(": ");
    const word = decision === "timed_out" ? "not decided in time" : decision;
    throw new StepFailure("declined", `${step.id} was ${word}${said === "" ? "" : ` ${said}`}.`, { declined: true });
  }
  walk.journal.marks[here.path] = { rejected };
  const frame = { ...here.frame, added: { ...here.frame.added, decision: rejected } };
  const completion = await walk.steps(step.on_reject.steps, here.path, frame, here.scope);
  return completion.kind === "next" ? { kind: "output", output: rejected } : completion;
}
