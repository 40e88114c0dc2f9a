import { OpsError } from "@platform-ops/errors";
import type { ActionBook, ActionRecord, DeskAnswer, Refusal, Submission, TimelineEvent } from "@platform-ops/meta-workflow-registry/run";
import { asApplicationFailure, isForeign, toApplicationFailure } from "@platform-ops/orchestration/workflow";
import type { Asking, Control, RunAnswer, Submit } from "./run-contract.ts";

/** What the book takes of a submission: where the caller named no agent, the only open action is meant, whoever holds it. */
export function submissionOf({ action_id, attempt_id, outcome, result, note, agent, named, person }: Submit): Submission {
  return {
    outcome,
    result,
    ...(action_id === undefined ? {} : { action_id }),
    ...(attempt_id === undefined ? {} : { attempt_id }),
    ...(note === undefined ? {} : { note }),
    ...(named ? { agent } : {}),
    ...(person === undefined ? {} : { person }),
  };
}

/** What a submission came to: its refusal, or its receipt, or both where it was sent again. */
export function cameOf(answer: DeskAnswer): Pick<RunAnswer, "refusal" | "receipt"> {
  const settled = answer.status === "settled" ? answer.settled : undefined;
  const refusal =
    answer.status === "refused" || answer.status === "replayed"
      ? answer.refusal
      : settled?.status === "rejected"
        ? settled.refusal
        : undefined;
  const receipt =
    answer.status === "replayed" || answer.status === "ended" || answer.status === "handed_over"
      ? answer.receipt
      : settled?.status === "done"
        ? settled.receipt
        : undefined;
  if (receipt === undefined) return refusal === undefined ? {} : { refusal };
  const { action_id, attempt_id, digest } = receipt;
  const replayed = answer.status === "replayed";
  return { ...(refusal === undefined ? {} : { refusal }), receipt: { action_id, attempt_id, digest, replayed } };
}

/** Gives an action to another agent or role, or to anybody. */
export function move(
  book: ActionBook,
  control: Extract<Control, { command: "release" | "reassign" }>,
  now: number,
): ActionRecord | Refusal {
  if (control.command === "release") return book.release(control.action_id, now);
  const { agent, role } = control;
  return book.reassign(control.action_id, { ...(agent === undefined ? {} : { agent }), ...(role === undefined ? {} : { role }) }, now);
}

/** Our error as a workflow may throw it. */
export function failure(error: OpsError): Error {
  return toApplicationFailure(error);
}

/** Refuses what was not sealed by us; the first thing that every validator does. */
export function refuseStrange(argument: unknown): void {
  if (isForeign(argument))
    throw failure(new OpsError("not_allowed", "The message was not sealed by this data directory's key; it is refused."));
}

/** What a handler throws, in Temporal's words. */
export async function handled<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asApplicationFailure(error);
  }
}

/** Which actions are meant. */
export function filterOf({ role, limit }: Asking): { readonly role?: string; readonly limit?: number } {
  return { ...(role === undefined ? {} : { role }), ...(limit === undefined ? {} : { limit }) };
}

/** The work of an action that was withdrawn is told by the run, since nobody has the action any more. */
export function lateLines({ message, details }: Refusal, now: number): TimelineEvent[] {
  const late = details?.["late_result"] as { readonly digest: string; readonly note?: string } | undefined;
  if (late === undefined) return [];
  const text = `${message} Its digest: ${late.digest}${late.note === undefined ? "" : `; its note: ${late.note.slice(0, 500)}`}`;
  return [{ at: now, path: String(details?.["action_id"]).replace(/#.*$/, ""), what: "warned", text }];
}
