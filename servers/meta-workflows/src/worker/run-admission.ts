import { OpsError } from "@platform-ops/errors";
import { refuse, type ActionBook, type RunEnd } from "@platform-ops/meta-workflow-registry/run";
import { bytesOf, tooMuchKept } from "./kept-bytes.ts";
import { peekAt } from "./peek.ts";
import { refusalError } from "./refusal-failure.ts";
import type { Begin, Control, RunInput, Submit } from "./run-contract.ts";
import { failure, move, submissionOf } from "./run-messages.ts";

// What a run's validators refuse. They change nothing and draw nothing: what they refuse leaves no trace.

/** @throws ApplicationFailure already_exists */
export function admitBegin({ digest }: Begin, input: RunInput): void {
  if (digest !== input.digest)
    throw failure(
      new OpsError("already_exists", "A run of that id carries out another definition, or the same one with other inputs.", {
        hint: "Use another workflow_id, or look at that run with get_workflow_status.",
      }),
    );
}

/**
 * @param room bytes that the run has left of the `most` that it may keep
 * @throws ApplicationFailure of what the book refuses, too_large
 */
export function admitSubmit(submit: Submit, book: ActionBook, room: () => number, most: number): void {
  const peek = peekAt(book);
  const answer = peek.submit(submissionOf(submit), Date.now());
  if (answer.status === "verifying" && bytesOf(submit.result) > room()) throw failure(tooMuchKept(most));
  if (answer.status !== "refused") return;
  // A result that came too late is remembered for whoever has the action now: that does leave a trace.
  const isLate = peek.open_actions().some(({ late }) => late !== undefined && late.attempt_id === submit.attempt_id);
  const isOfWithdrawn = peek.state.withdrawn !== book.state.withdrawn;
  if (!isLate && !isOfWithdrawn) throw failure(refusalError(answer.refusal));
}

/** @throws ApplicationFailure RUN_CLOSED, or of what the book refuses; an event is looked at by whoever keeps events */
export function admitControl(control: Control, book: ActionBook, end: RunEnd | undefined): void {
  if (end !== undefined) throw failure(refusalError(refuse("RUN_CLOSED", `The run is ${end.status}.`)));
  if (control.command !== "release" && control.command !== "reassign") return;
  const changed = move(peekAt(book), control, Date.now());
  if ("code" in changed) throw failure(refusalError(changed));
}
