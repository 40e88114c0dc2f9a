import { isOpsError } from "@platform-ops/errors";
import { recordDigest, type ApprovalRecord } from "@platform-ops/ledger";
import { decisionUpdateId, UPDATE_DECIDE } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";

/** A worker may have to start first. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * Sends a kept decision to the run that waits for it and returns what the run answered, in one line. The same record is sent
 * under the same id, so that sending it again is safe: the worker may have handed it over already.
 * @throws OpsError not_confirmed, approval_*, temporal_unavailable
 */
export async function deliverDecision(deps: MetaWorkflowsDeps, record: ApprovalRecord): Promise<string> {
  const orchestration = await deps.orchestration({ worker: true });
  try {
    const answer = await orchestration.update<{ decision: string; step: string }>(record.run_id, UPDATE_DECIDE, record, {
      updateId: decisionUpdateId(recordDigest(record)),
      timeoutMs: ANSWER_WITHIN_MS,
    });
    return `${answer.decision}: ${answer.step}`;
  } catch (error) {
    if (isOpsError(error) && (error.code === "not_found" || error.code === "conflict")) return "recorded; the run has ended";
    throw error;
  }
}
