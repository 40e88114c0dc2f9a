import { CancelledFailure, Context } from "@temporalio/activity";
import { hasCode, type OpsError } from "@platform-ops/errors";
import { ApplicationFailure } from "@temporalio/common";

/** Milliseconds until another worker may take over what this one leaves. */
const TAKE_OVER_AT_ONCE = 1;

/** Why an activity should end early, told apart by what it must do to its program. */
export interface ActivitySignals {
  /** A person or the run wants it stopped: send the program its one SIGINT. */
  readonly cancel: AbortSignal;
  /** This worker will not see the end: leave the program running, the next attempt re-attaches. */
  readonly handover: AbortSignal;
}

/**
 * The two reasons of the activity that runs now. Only a cancellation that was asked for stops a program: shutdown, a passed
 * heartbeat and "not found" (the server was away and another attempt may be attached already) all leave it running.
 */
export function activitySignals(): ActivitySignals {
  const context = Context.current();
  const cancel = new AbortController();
  const handover = new AbortController();
  const settle = (): void => (context.cancellationDetails?.cancelRequested === true ? cancel : handover).abort();
  if (context.cancellationSignal.aborted) settle();
  else context.cancellationSignal.addEventListener("abort", settle, { once: true });
  return { cancel: cancel.signal, handover: handover.signal };
}

/**
 * What an activity throws when it stopped because of these reasons, in Temporal's words: asked-for cancellation ends it,
 * a handover gives it to the next worker within a second.
 */
export function endedEarly(thrown: unknown): unknown {
  const context = Context.current();
  if (!context.cancellationSignal.aborted || !(hasCode(thrown, "cancelled") || thrown instanceof CancelledFailure)) return thrown;
  if (context.cancellationDetails?.cancelRequested === true) {
    return thrown instanceof CancelledFailure ? thrown : new CancelledFailure("It was cancelled.", [], thrown as OpsError);
  }
  return ApplicationFailure.create({
    type: "handover",
    message: "The worker ends; the next one takes the step over.",
    nextRetryDelay: TAKE_OVER_AT_ONCE,
  });
}

/**
 * Tells Temporal every `ms` milliseconds that the activity lives, with what `details` gives (small: phase, counts, pid).
 * Begins at once; ends on dispose. Without it cancellation never arrives.
 */
export function heartbeatEvery(ms: number, details: () => unknown): Disposable {
  const context = Context.current();
  const beat = (): void => context.heartbeat(details());
  beat();
  const timer = setInterval(beat, ms);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
