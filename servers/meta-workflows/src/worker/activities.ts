import { OpsError, isOpsError } from "@platform-ops/errors";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { activitySignals, heartbeatEvery, lockActivities, toApplicationFailure } from "@platform-ops/orchestration/worker";
import { Context } from "@temporalio/activity";
import type { Executors } from "../executors/create-executors.ts";
import type { MetaWorkflowActivities } from "./activity-contract.ts";
import { finishRun } from "./finish-run.ts";
import { withinBounds } from "./large-output.ts";
import type { WorkerDeps } from "./worker-deps.ts";

const HEARTBEAT_MS = 2_000;

/** The activities of the main queue. `executors` make the calls of steps. */
export function metaWorkflowActivities(deps: WorkerDeps, executors: Executors): MetaWorkflowActivities {
  return {
    ...lockActivities(),
    async callServer(task): Promise<CallOutcome> {
      const { cancel, handover } = activitySignals();
      const { info } = Context.current();
      let latest: unknown;
      using _beat = heartbeatEvery(HEARTBEAT_MS, () => latest);
      const outcome = await executors.call(task.call, task.options, {
        run_id: runId(),
        requester: task.requester,
        attempt: info.attempt,
        secrets: task.secrets,
        ...(task.environment === undefined ? {} : { environment: task.environment }),
        signal: cancel,
        handover,
        onProgress: (progress) => void (latest = progress),
      });
      return await withinBounds(deps.artifacts, outcome, task.room);
    },
    requestApproval: (task) =>
      again(async () => {
        const { id, title, expires_at, channels } = await executors.requestApproval({ ...task, run_id: runId() });
        return { id, title, expires_at, channels };
      }),
    checkDecision: (task) => executors.verifyApproval({ ...task, run_id: runId() }),
    // One that was decided meanwhile stays as it is.
    closeApproval: ({ id, status }) => deps.approvals.close(id, status).catch(() => undefined),
    finishRun: (task) =>
      again(async () => {
        await finishRun(deps, runId(), task);
        await executors.forget(runId());
      }),
  };
}

function runId(): string {
  return Context.current().info.workflowExecution?.workflowId ?? "";
}

/** Lets Temporal try again by the activity's own policy: these steps may be repeated. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const shown = isOpsError(error) ? error : new OpsError("unexpected", "A step failed in a way that was not foreseen.", { cause: error });
    throw toApplicationFailure(shown, { retry: !shown.code.startsWith("approval_") });
  }
}
