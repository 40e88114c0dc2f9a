import { toApplicationFailure } from "@platform-ops/orchestration/workflow";
import { activitySignals, heartbeatEvery } from "@platform-ops/orchestration/worker";
import { hasCode, isOpsError, OpsError } from "@platform-ops/errors";
import { asStorageFailure } from "@platform-ops/ledger";
import { Context } from "@temporalio/activity";
import { applyStep } from "./apply-step.ts";
import { checkDecision, releaseWorkspaces, requestApproval } from "./approvals/approval-gate.ts";
import { finishRun } from "./finish-run.ts";
import { notify } from "./notify.ts";
import { planStep } from "./plan/plan-step.ts";
import type { NoticeTask, QuickActivities, TerraformActivities, WaitActivities } from "./activity-contract.ts";
import { waitForWorkspace } from "./workspace/wait-for-workspace.ts";
import type { StepCall, WorkerDeps } from "./worker-deps.ts";

const HEARTBEAT_MS = 2_000;
/** Until a step that met a full disk is tried again. */
const STORAGE_RETRY_MS = 5_000;

/** The activities of the main queue. */
export function terraformActivities(deps: WorkerDeps): TerraformActivities & QuickActivities {
  return {
    planWorkspace: (task) => withHeartbeat((call) => planStep(deps, call, task)),
    applyWorkspace: (task) => withHeartbeat((call) => applyStep(deps, call, task)),
    requestApproval: (task) => requestApproval(deps, quickCall(), task),
    checkDecision: (task) => checkDecision(deps, quickCall(), task),
    releaseWorkspaces: (task) => releaseWorkspaces(deps, quickCall(), task),
    notify: (task) => tell(deps, task),
    finishRun: (task) => again(() => finishRun(deps, quickCall(), task)),
  };
}

/** The activities of the waits queue. */
export function waitActivities(deps: WorkerDeps): WaitActivities & Pick<QuickActivities, "notify"> {
  return {
    waitForWorkspace: (task) => withHeartbeat((call) => waitForWorkspace(deps, call, task)),
    notify: (task) => tell(deps, task),
  };
}

/** Given up when this worker goes away: its successor tells again. */
function tell(deps: WorkerDeps, task: NoticeTask): Promise<void> {
  const { handover } = activitySignals();
  return again(() => notify(deps, { ...quickCall(), handover }, task));
}

/** Runs a long step: heartbeats carry its latest progress, cancellation and handover come as two signals. */
async function withHeartbeat<T>(work: (call: StepCall) => Promise<T>): Promise<T> {
  const { cancel, handover } = activitySignals();
  let latest: unknown;
  using _beat = heartbeatEvery(HEARTBEAT_MS, () => latest);
  try {
    return await work({
      ...quickCall(),
      signal: cancel,
      handover,
      progress: (details) => {
        latest = details;
      },
    });
  } catch (error) {
    const shown = asStorageFailure(error);
    // A full disk passes: a plan is made again, an apply is followed by its journal and never begun twice.
    throw hasCode(shown, "storage_failed") ? toApplicationFailure(shown, { retry: true, nextRetryDelayMs: STORAGE_RETRY_MS }) : error;
  }
}

function quickCall(): StepCall {
  const { info } = Context.current();
  return {
    run: info.workflowExecution?.workflowId ?? "",
    execution: info.workflowExecution?.runId ?? "",
    attempt: info.attempt,
    signal: new AbortController().signal,
    handover: new AbortController().signal,
    progress: () => undefined,
    isOpen,
  };
}

/** Whether a run is open; one that Temporal does not know (any more) is not. */
async function isOpen(run: string): Promise<boolean> {
  try {
    return (await Context.current().client.workflow.getHandle(run).describe()).status.name === "RUNNING";
  } catch (error) {
    if ((error as { name?: string }).name === "WorkflowNotFoundError") return false;
    throw error;
  }
}

/** Lets Temporal try again by the activity's own policy: these steps may be repeated, where that can help. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const shown = isOpsError(error) ? error : new OpsError("unexpected", "A step failed in a way that was not foreseen.", { cause: error });
    // What is gone from the store does not come back by waiting, and a run must not stay open for it.
    throw toApplicationFailure(shown, { retry: shown.code !== "artifact_missing" });
  }
}
