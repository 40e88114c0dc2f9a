import type { ConnectionLike } from "@temporalio/client";

/** temporal.api.enums.v1.TaskQueueType: WORKFLOW and ACTIVITY. */
const TYPES = [1, 2];
/** Seconds: a worker's long poll lasts one minute, and a poller is remembered for some minutes after its last one. */
const RECENT = 70;

/** Whether a worker polled the queue, for workflows or activities, within the last long poll. */
export async function isPolled(connection: ConnectionLike, namespace: string, taskQueue: string): Promise<boolean> {
  const answers = await Promise.all(
    TYPES.map((taskQueueType) =>
      connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType }),
    ),
  );
  const since = Date.now() / 1_000 - RECENT;
  return answers.some(
    ({ pollers }) => pollers?.some((poller) => Number(poller.lastAccessTime?.seconds?.toString() ?? 0) >= since) === true,
  );
}
