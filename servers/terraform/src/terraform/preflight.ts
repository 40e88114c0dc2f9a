import { join } from "node:path";

import { hasCode, OpsError } from "@platform-ops/errors";

import { fileSha256 } from "./plan-file.ts";
import { erroredStateFailure, erroredStatePath, readState } from "./state.ts";
import type { StepContext } from "./step.ts";

/** What must still be so when a plan is applied; members that are absent are not compared. */
export interface ExpectedState {
  readonly lineage: string | null;
  readonly serial: number;
  readonly lock_file_sha256?: string | null;
  readonly terraform_version?: string;
  readonly program_digest?: string;
}

export type PreflightVerdict =
  | "ok"
  | "stale"
  | "other_state"
  | "plan_missing"
  | "plan_altered"
  | "program_changed"
  | "lock_file_changed"
  | "state_damaged"
  | "state_unsaved";

/**
 * Checks before an apply, cheaply and without the state lock, that plan bytes, program, lock file and state are those that
 * were approved. terraform itself compares the serial only where the plan was made from no state. Throws the classified
 * failure where the state cannot be asked for (credentials, network).
 */
export async function preflight(
  ctx: StepContext,
  expected: ExpectedState,
  plan?: { planFile: string; planSha256: string },
): Promise<PreflightVerdict> {
  if (plan !== undefined) {
    const digest = await fileSha256(plan.planFile);
    if (digest === null) return "plan_missing";
    if (digest !== plan.planSha256) return "plan_altered";
  }
  if (expected.terraform_version !== undefined && expected.terraform_version !== ctx.program.version) return "program_changed";
  if (expected.program_digest !== undefined && expected.program_digest !== ctx.program.digest) return "program_changed";
  if (expected.lock_file_sha256 !== undefined && (await fileSha256(join(ctx.dir, ".terraform.lock.hcl"))) !== expected.lock_file_sha256)
    return "lock_file_changed";
  if ((await erroredStatePath(ctx)) !== undefined) return "state_unsaved";
  try {
    const state = await readState(ctx);
    if (state.lineage !== expected.lineage) return expected.lineage === null && state.serial > expected.serial ? "stale" : "other_state";
    return state.serial === expected.serial ? "ok" : "stale";
  } catch (error) {
    if (hasCode(error, "state_damaged")) return "state_damaged";
    throw error;
  }
}

/** A verdict as our failure. */
export function preflightFailure(ctx: StepContext, verdict: Exclude<PreflightVerdict, "ok">): OpsError {
  const details = { reason: verdict };
  switch (verdict) {
    case "stale":
      return new OpsError("stale", "The state moved after the plan was made; nothing was applied.", { details });
    case "other_state":
      return new OpsError("stale", "This is another state than the one that was planned for (its lineage differs); nothing was applied.", {
        details,
        hint: "The state was replaced or removed, or the backend changed: look at it before you plan anew.",
      });
    case "plan_missing":
      return new OpsError("artifact_missing", "The plan file is gone; nothing was applied.", { details });
    case "plan_altered":
      return new OpsError("approval_mismatch", "The plan file is not the one that was approved; nothing was applied.", { details });
    case "program_changed":
      return new OpsError("stale", `The ${ctx.program.kind} program is another one than the one that planned; nothing was applied.`, {
        details,
      });
    case "lock_file_changed":
      return new OpsError("stale", ".terraform.lock.hcl changed after the plan was made; nothing was applied.", { details });
    case "state_damaged":
      return new OpsError("state_damaged", "The state file is empty or unreadable; nothing was applied.", { details });
    case "state_unsaved":
      return erroredStateFailure(ctx, join(ctx.dir, "errored.tfstate"));
  }
}
