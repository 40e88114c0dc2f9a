import { isForeign, UPDATE_DECIDE } from "@platform-ops/orchestration/workflow";
import { CancellationScope, defineSignal, defineUpdate, setHandler } from "@temporalio/workflow";
import { refusal } from "./run/activity-options.ts";
import { ParentRun, type DecisionLike } from "./run/parent-run.ts";
import { SIGNAL_CANCEL, SIGNAL_REFRESH, type CancelMode, type DecideAnswer, type RunInput, type RunResult } from "./run-contract.ts";

const decide = defineUpdate<DecideAnswer, [DecisionLike]>(UPDATE_DECIDE);
const cancel = defineSignal<[{ mode?: CancelMode } | undefined]>(SIGNAL_CANCEL);
const refresh = defineSignal<[string]>(SIGNAL_REFRESH);

/**
 * One run over a DAG of workspaces. Completes only when all that was asked is done or nothing was to do; everything else
 * fails with the type run_failed, run_rejected, run_expired, run_partial or run_cancelled and names the workspaces.
 */
export async function ParentWorkflow(input: RunInput): Promise<RunResult> {
  if (isForeign(input)) throw refusal("invalid_input", "The run's input was not sealed with this data directory's key.");
  const run = new ParentRun(input);
  setHandler(decide, (record) => CancellationScope.nonCancellable(() => run.decide(record)), {
    validator: (record) => run.mayDecide(record),
  });
  // A signal that was not sealed with our key is somebody else's: it changes nothing.
  setHandler(cancel, (argument) => {
    if (!isForeign(argument)) run.cancel(argument?.mode === "stop" ? "stop" : "drain");
  });
  setHandler(refresh, (digest) => run.refresh(digest));
  // A cancellation by Temporal's own means is a drain too: interrupting an apply can orphan what it was making.
  void CancellationScope.current().cancelRequested.catch(() => run.cancel("drain"));
  return await CancellationScope.nonCancellable(() => run.drive());
}
