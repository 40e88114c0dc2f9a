import { isOpsError } from "@platform-ops/errors";
import { recordDigest, type ApprovalRecord } from "@platform-ops/ledger";
import { decisionUpdateId, UPDATE_DECIDE } from "@platform-ops/orchestration";
import type { TerraformDeps } from "../deps.ts";
import type { DecideAnswer } from "../worker/run-contract.ts";

/** A worker may have to start first. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * Sends a kept decision to the run that waits for it and returns what the run answered, in one line. The same record is
 * sent under the same id, so that sending it again is safe: the worker may have handed it over already, and the run may have
 * ended by it. A run that closed without it was a plan-only one: the record then serves the next run with the same plan.
 * @throws OpsError not_confirmed, approval_*, temporal_unavailable
 */
export async function deliverDecision(deps: TerraformDeps, record: ApprovalRecord): Promise<string> {
  const orchestration = await deps.orchestration({ worker: true });
  try {
    const answer = await orchestration.update<DecideAnswer>(record.run_id, UPDATE_DECIDE, record, {
      updateId: decisionUpdateId(recordDigest(record)),
      timeoutMs: ANSWER_WITHIN_MS,
    });
    return `${answer.decision}: ${answer.workspaces.join(", ")}`;
  } catch (error) {
    if (isOpsError(error) && (error.code === "not_found" || error.code === "conflict"))
      return record.decision === "approved" ? "kept for the next run with the same plan" : "recorded";
    throw error;
  }
}
