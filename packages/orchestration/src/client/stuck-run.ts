import type { ConnectionLike, DescribeWorkflowExecutionResponse } from "@temporalio/client";

/** temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED */
const WORKFLOW_TASK_FAILED = 9;
/** EVENT_TYPE_WORKFLOW_TASK_COMPLETED */
const WORKFLOW_TASK_COMPLETED = 7;
const EVENTS_TO_LOOK_AT = 20;

/**
 * True while the run's workflow task keeps failing. Ours fail only where the code cannot replay the history (another build
 * wrote it) or throws what it should not; either way this worker build cannot carry the run on. A task that merely timed out
 * (its worker died) is not that.
 */
export async function needsAnotherVersion(
  connection: ConnectionLike,
  namespace: string,
  described: DescribeWorkflowExecutionResponse,
): Promise<boolean> {
  const attempt = described.pendingWorkflowTask?.attempt ?? 0;
  const execution = described.workflowExecutionInfo?.execution;
  if (attempt < 2 || !execution) return false;
  const { history } = await connection.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution,
    maximumPageSize: EVENTS_TO_LOOK_AT,
  });
  const last = history?.events?.find((event) => event.eventType === WORKFLOW_TASK_FAILED || event.eventType === WORKFLOW_TASK_COMPLETED);
  return last?.eventType === WORKFLOW_TASK_FAILED;
}
