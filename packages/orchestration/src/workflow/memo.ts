import { upsertMemo, workflowInfo } from "@temporalio/workflow";
import { fittingStatus } from "./fitting-status.ts";

/**
 * Keeps the run's status in its memo, where it is read while no worker lives. Of the candidates (fullest first) the first
 * that fits the bound is kept: the server would end the run when its memo passed 2 MB.
 */
export function keepStatus(...candidates: readonly Record<string, unknown>[]): void {
  upsertMemo(fittingStatus(workflowInfo().memo ?? {}, candidates));
}
