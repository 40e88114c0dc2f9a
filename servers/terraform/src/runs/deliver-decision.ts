import { isOpsError } from "@platform-ops/errors";
import { recordDigest, type ApprovalRecord } from "@platform-ops/ledger";
import type { TerraformDeps } from "../deps.ts";
import { UPDATE_DECIDE, type DecideAnswer } from "../worker/run-contract.ts";

/** A worker may have to start first. */
const ANSWER_WITHIN_MS = 15_000;

/**
 * Sends a kept decision to the run that waits for it and returns what the run answered, in one line. The same record is
 * sent under the same id, so that sending it again is safe. A run that has closed meanwhile was a plan-only one: the
 * record then serves the next run with the same plan.
 * @throws OpsError not_confirmed, approval_*, temporal_unavailable
 */
export async function deliverDecision(deps: TerraformDeps, record: ApprovalRecord): Promise<string> {
  const orchestration = await deps.orchestration({ worker: true });
  const { status } = await orchestration.describe(record.run_id);
  if (status !== "RUNNING") return record.decision === "approved" ? "kept for the next run with the same plan" : "recorded";
  try {
    const answer = await orchestration.update<DecideAnswer>(record.run_id, UPDATE_DECIDE, record, {
      updateId: `decide-${recordDigest(record)}`,
      timeoutMs: ANSWER_WITHIN_MS,
    });
    return `${answer.decision}: ${answer.workspaces.join(", ")}`;
  } catch (error) {
    if (isOpsError(error) && error.code === "not_found") return "the run ended before the decision came";
    throw error;
  }
}
