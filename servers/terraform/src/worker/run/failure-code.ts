import { ApplicationFailure, isCancellation } from "@temporalio/workflow";

/** The stable code of what an activity ended with. */
export function codeOf(error: unknown): string {
  for (
    let at: unknown = error, depth = 0;
    typeof at === "object" && at !== null && depth < 5;
    at = (at as { cause?: unknown }).cause, depth += 1
  ) {
    if (at instanceof ApplicationFailure && typeof at.type === "string") return at.type;
  }
  return isCancellation(error) ? "cancelled" : "unexpected";
}
