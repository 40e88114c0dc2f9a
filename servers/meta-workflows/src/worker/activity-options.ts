import { proxyActivities, type ActivityOptions } from "@temporalio/workflow";
import type { MetaWorkflowActivities } from "./activity-contract.ts";

/** Given to a call besides its own time, so that its executor can end it and say so. */
const GRACE_MS = 30_000;
const AGAIN: NonNullable<ActivityOptions["retry"]> = { initialInterval: "1 second", backoffCoefficient: 1 };

/**
 * A call that the server makes. Its worker may die: the next attempt follows what was begun, or says that it is not known;
 * nothing is begun twice. No limit from schedule to start: it would also count on those attempts.
 */
export function outside(timeoutMs: number): Pick<MetaWorkflowActivities, "callServer"> {
  return proxyActivities<MetaWorkflowActivities>({
    startToCloseTimeout: timeoutMs + GRACE_MS,
    heartbeatTimeout: "10 seconds",
    cancellationType: "WAIT_CANCELLATION_COMPLETED",
    retry: AGAIN,
  });
}

/** Files of the data directory only; may be repeated. */
export const quick = proxyActivities<MetaWorkflowActivities>({ startToCloseTimeout: "1 minute", retry: AGAIN });
