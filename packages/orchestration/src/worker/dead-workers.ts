import type { Logger } from "@platform-ops/ledger";
import type { Client } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";
import { isDeadWorker } from "./worker-identity.ts";

/** temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED */
const STARTED = 2;
/** Milliseconds. */
const RETRY_AT_ONCE = 1;

/** A queue's name as a literal of Temporal's list filter. */
export const quoted = (queue: string): string => `'${queue.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** The list filter for open runs whose workflow tasks go to one of these queues. */
export function openRunsQuery(queues: readonly string[]): string {
  return `ExecutionStatus = 'Running' AND TaskQueue IN (${queues.map(quoted).join(", ")})`;
}

async function releaseRun(client: Client, workflowId: string, home: string): Promise<number> {
  const { raw } = await client.workflow.getHandle(workflowId).describe();
  let released = 0;
  for (const activity of raw.pendingActivities ?? []) {
    if (activity.state !== STARTED || !activity.activityId || !isDeadWorker(activity.lastWorkerIdentity ?? "", home)) continue;
    const failure = ApplicationFailure.create({
      type: "handover",
      message: "The worker of this attempt died.",
      nextRetryDelay: RETRY_AT_ONCE,
    });
    // The attempt may have ended between the look and this; then there is nothing to release.
    await client.activity.fail({ workflowId, activityId: activity.activityId }, failure).then(
      () => (released += 1),
      () => undefined,
    );
  }
  return released;
}

/**
 * Gives back at once what dead workers of this data directory held: Temporal alone would notice after the heartbeat
 * timeout (measured: 11 s, against 0.7–1.9 s). The next attempt re-attaches read-only, so a mistake here repeats nothing.
 * Returns how many activities were released; a run that cannot be looked at is left to the timeout.
 */
export async function releaseDeadWorkers(client: Client, queues: readonly string[], home: string, logger: Logger): Promise<number> {
  let released = 0;
  for await (const run of client.workflow.list({ query: openRunsQuery(queues), pageSize: 200 })) {
    released += await releaseRun(client, run.workflowId, home).catch((error: unknown) => {
      logger.warn("A run could not be looked at for a dead worker's steps.", { workflow_id: run.workflowId, error });
      return 0;
    });
  }
  if (released > 0) logger.info("Steps of dead workers were released.", { released });
  return released;
}
