import { OpsError, type ErrorCode } from "@platform-ops/errors";
import { toApplicationFailure } from "@platform-ops/orchestration/workflow";
import { ActivityCancellationType, proxyActivities, proxyLocalActivities, type ApplicationFailure } from "@temporalio/workflow";
import type { QuickActivities, TerraformActivities, WaitActivities } from "../activity-contract.ts";
import { waitsQueue } from "../run-contract.ts";

// Workflow side. Time limits and retries as measured by killing (docs/decisions/0005): no scheduleToStart timeout, which
// also counts on retries and would end an apply while terraform runs; a dead worker is seen by the missing heartbeat.

const HEARTBEAT = 10_000;
/** Only infrastructure failures are retryable here: failures of the step itself come back as answers or non-retryable. */
const REATTACH = { initialInterval: 1_000, backoffCoefficient: 1 };

const OUTSIDE = {
  heartbeatTimeout: HEARTBEAT,
  retry: REATTACH,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
} as const;

/**
 * Terraform itself, on the run's queue or on the one that a workspace asks for. A retry of a plan plans again; a retry of
 * an apply re-attaches by its journal.
 */
export function outside(queue: string | undefined): TerraformActivities {
  const on = queue === undefined ? OUTSIDE : { ...OUTSIDE, taskQueue: queue };
  return {
    planWorkspace: proxyActivities<TerraformActivities>({ ...on, startToCloseTimeout: 2 * 3_600_000 }).planWorkspace,
    applyWorkspace: proxyActivities<TerraformActivities>({ ...on, startToCloseTimeout: 24 * 3_600_000 }).applyWorkspace,
  };
}

/** Waits for another run's lock: on a queue of its own, given up at once when the run is cancelled. */
export function waitsFor(taskQueue: string): WaitActivities {
  return proxyActivities<WaitActivities>({
    taskQueue: waitsQueue(taskQueue),
    startToCloseTimeout: 30 * 24 * 3_600_000,
    heartbeatTimeout: HEARTBEAT,
    retry: REATTACH,
    cancellationType: ActivityCancellationType.TRY_CANCEL,
  });
}

/** Notices go where waits go: a notifier that hangs must not take a slot from terraform either. */
export function notices(taskQueue: string): Pick<QuickActivities, "notify"> {
  return proxyActivities<Pick<QuickActivities, "notify">>({
    taskQueue: waitsQueue(taskQueue),
    startToCloseTimeout: 30_000,
    retry: { initialInterval: 2_000, backoffCoefficient: 2, maximumAttempts: 4 },
  });
}

/** Quick work that deserves a retry of its own. */
export const quick: Pick<QuickActivities, "finishRun"> = {
  finishRun: proxyActivities<QuickActivities>({
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumInterval: 30_000, maximumAttempts: 10 },
  }).finishRun,
};

/** Quick reads and writes of files, within the workflow task. */
export const local: Pick<QuickActivities, "requestApproval" | "checkDecision" | "releaseWorkspaces"> =
  proxyLocalActivities<QuickActivities>({
    startToCloseTimeout: 60_000,
    retry: { initialInterval: 1_000, backoffCoefficient: 2, maximumAttempts: 5 },
  });

/** A failure that the workflow or a handler throws: anything else would block the workflow task. */
export function refusal(code: string, message: string): ApplicationFailure {
  return toApplicationFailure(new OpsError(code as ErrorCode, message));
}
