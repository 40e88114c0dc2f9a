import { setTimeout as sleep } from "node:timers/promises";
import { OpsError } from "@platform-ops/errors";
import type { WaitTask } from "../activity-contract.ts";
import type { StepCall, WorkerDeps } from "../worker-deps.ts";
import { loadConfig, lockOf, workspaceOf } from "./workspace-context.ts";

const LOOK_MS = 1_000;
/** A holder is asked for less often: that is a call to Temporal. */
const ASK_EVERY = 5;

/** Waits until the workspace is free, or its holder's run is closed. Takes nothing: the plan that follows takes the lock. */
export async function waitForWorkspace(deps: WorkerDeps, call: StepCall, task: WaitTask): Promise<void> {
  const { config } = await loadConfig(deps, task.config);
  const lock = lockOf(deps, workspaceOf(config, task.name));
  for (let look = 0; ; look += 1) {
    if (call.signal.aborted || call.handover.aborted)
      throw new OpsError("cancelled", `The wait for ${task.name} was given up.`, { details: { handover: call.handover.aborted } });
    const holder = await lock.holder();
    if (holder === undefined || holder.run === call.run || holder.run === "") return;
    call.progress({ workspace: task.name, step: "held", holder: holder.run });
    if (look % ASK_EVERY === ASK_EVERY - 1 && !(await call.isOpen(holder.run))) return;
    await sleep(LOOK_MS, undefined, { signal: AbortSignal.any([call.signal, call.handover]) }).catch(() => undefined);
  }
}
