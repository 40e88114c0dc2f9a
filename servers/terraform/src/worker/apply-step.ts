import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fromPlain, hasCode, isOpsError, OpsError } from "@platform-ops/errors";
import type { ApprovalRecord, SubjectItem } from "@platform-ops/ledger";
import { applyPlan, type ApplyResult } from "../terraform/apply.ts";
import type { WorkspaceOutputs } from "../terraform/variables.ts";
import { asRecord } from "./approvals/approval-gate.ts";
import { checkCredentials } from "./workspace/credentials.ts";
import { failureOfOpening, isStepFailure, keepFailure } from "./failure-text.ts";
import { folderDigest } from "./plan/folder-digest.ts";
import { outputsOfApply } from "./plan/known-outputs.ts";
import { readPlanBytes } from "./plan/plan-bytes.ts";
import { carryKey, consumerOf, type PlanMaterial, type PlanRecord } from "./plan/plan-record.ts";
import { clearWork, keepOutputs } from "./plan/plan-step.ts";
import type { ApplyAnswer, ApplyTask } from "./activity-contract.ts";
import { SUBJECT_PREFIX, type RunEnvironment } from "./run-contract.ts";
import { updateView, workspaceFolder, type WorkspaceView } from "./workspace/run-files.ts";
import type { StepCall, WorkerDeps } from "./worker-deps.ts";
import { openWorkspace, type WorkspaceContext } from "./workspace/workspace-context.ts";

/** How many renewals of credentials one run may have gone through before a plan of its beginning is applied. */
const MAX_RENEWALS = 100;

/**
 * Applies one approved plan, once. Verifies the approval itself, whatever the workflow believes, then hands over to the
 * detached program; a new attempt follows the same program by its journal. Releases the workspace's lock at the end of
 * its work, except where the plan is stale or credentials are missing: then the run goes on with it.
 */
export async function applyStep(deps: WorkerDeps, call: StepCall, task: ApplyTask): Promise<ApplyAnswer> {
  const wasStarted = (): boolean => existsSync(join(journalOf(deps, call, task), "started"));
  const opened = await openWorkspace(deps, call, task, { onlyFollows: wasStarted() }).catch((error: unknown) =>
    failureOfOpening(deps, call, task.name, error),
  );
  if ("code" in opened) return { outcome: wasStarted() ? "in_doubt" : "not_done", failure: opened };
  try {
    const answer = await apply(deps, call, task, opened, wasStarted());
    if (answer.outcome !== "stale" && answer.outcome !== "credentials") await opened.lock.release(call.run);
    return answer;
  } catch (error) {
    if (!isStepFailure(error) || call.handover.aborted) throw error;
    return await answerFailure(deps, call, opened, wasStarted() ? "in_doubt" : "not_done", error);
  } finally {
    // On a handover the program still reads its plan from there.
    if (!call.handover.aborted) await clearWork(opened.step.work);
  }
}

/** The folder that makes a second start of this plan impossible. */
function journalOf(deps: WorkerDeps, call: StepCall, task: ApplyTask): string {
  return workspaceFolder(deps.directory, call.run, task.name, task.plan);
}

/**
 * What an earlier attempt began is followed to its end whatever is forbidden by now: an approval that expired, a policy
 * that was tightened or credentials that ran out since cannot undo it, and its workspace must not look free meanwhile.
 */
async function apply(deps: WorkerDeps, call: StepCall, task: ApplyTask, opened: WorkspaceContext, wasBegun: boolean): Promise<ApplyAnswer> {
  const { workspace, lock } = opened;
  const mayBegin = task.only_look !== true && !wasBegun;
  const record = wasBegun ? await deps.artifacts.getJson<PlanRecord>(task.plan) : await loadPlan(deps, call, task, opened);
  // The operator drew the environments anew since: it is planned there, and asked for by the rules of that one.
  if (mayBegin && record.policy_environment !== opened.environment.name) return { outcome: "stale" };
  // A script or template that an apply would run or read is another than when it was planned.
  if (mayBegin && record.files !== (await folderDigest(workspace.dir, opened.step.dataDir))) return { outcome: "stale" };
  const material = await deps.artifacts.getJson<PlanMaterial>(record.material);
  for (const secret of material.secrets) opened.redactor.addSecret(secret);
  if (mayBegin) {
    if (deps.policy.read_only) throw new OpsError("read_only", "The worker's policy is read-only; nothing was applied.");
    const taken = await lock.take(
      { run: call.run, workspace: workspace.name, dir: workspace.dir, since: new Date().toISOString() },
      (run) => call.isOpen(run),
    );
    if (!taken.held) throw new OpsError("conflict", `Run ${taken.by.run} took the workspace over.`, { details: { holder: taken.by.run } });
    await checkCredentials(opened.variables);
    await useApproval(deps, call, task, record);
    // Before it begins: a worker that dies in the middle and comes back nowhere has left this word.
    await onRecord(deps, call, task, record, "started").catch((cause: unknown) => {
      throw new OpsError("command_failed", "The audit cannot be written, so nothing was applied.", {
        hint: "Check free space and permissions of the data directory, then start a new run.",
        cause,
      });
    });
  }
  const applied_from = new Date().toISOString();
  const result = await applyWithPlanFile(deps, task, opened, { record, material, mayBegin, journal: journalOf(deps, call, task) });
  const times = { applied_from, applied_to: new Date().toISOString() };
  // How it ended is known and must not be lost for want of an audit.
  await onRecord(deps, call, task, record, result.outcome, result.error?.code).catch((error: unknown) =>
    deps.logger.error("the audit could not be written", { run: call.run, workspace: workspace.name, outcome: result.outcome, error }),
  );
  // Used up: its bytes are of no use to anyone, and hold secrets.
  if (result.outcome !== "not_done") await deps.artifacts.delete(record.plan_file).catch(() => undefined);
  if (result.outcome === "done")
    return await afterApply(
      deps,
      call,
      opened,
      times,
      result.exit_code === 0 ? await outputsOfApply(journalOf(deps, call, task)) : undefined,
    );
  await updateView(deps.directory, call.run, workspace.name, times);
  return await answerOf(deps, call, opened, { ...result, outcome: result.outcome });
}

async function onRecord(
  deps: WorkerDeps,
  call: StepCall,
  task: ApplyTask,
  { run, program, dir, destroy }: PlanRecord,
  outcome: string,
  code?: string,
): Promise<void> {
  await deps.audit.append({
    kind: "command",
    actor: run,
    what: `${program.kind} ${destroy === true ? "destroy" : "apply"}`,
    target: dir,
    digest: task.plan,
    outcome,
    ...(code === undefined ? {} : { code }),
    id: call.run,
  });
}

/** The plan's bytes lie in clear only while they are applied. */
async function applyWithPlanFile(
  deps: WorkerDeps,
  task: ApplyTask,
  { step, workspace }: WorkspaceContext,
  made: { record: PlanRecord; material: PlanMaterial; mayBegin: boolean; journal: string },
): Promise<ApplyResult> {
  const { record, material, mayBegin, journal } = made;
  const planFile = `${step.work}/${task.plan}.tfplan`;
  if (mayBegin) {
    await mkdir(step.work, { recursive: true, mode: 0o700 });
    await writeFile(planFile, await planBytes(deps, record), { mode: 0o600 });
  }
  const { lineage, serial, lock_file_sha256, program } = record;
  return await applyPlan(step, {
    planFile,
    planSha256: record.plan_sha256,
    expected: { lineage, serial, lock_file_sha256, terraform_version: program.version, program_digest: program.digest },
    journal,
    replan: {
      variables: material.variables,
      digestKey: deps.keys.mac,
      ...(record.destroy === true ? { destroy: true } : {}),
      ...(workspace.tfvars === undefined ? {} : { tfvars: workspace.tfvars }),
    },
    ...(mayBegin ? {} : { mayStart: false }),
  });
}

async function planBytes(deps: WorkerDeps, record: PlanRecord): Promise<Buffer> {
  const bytes = await readPlanBytes(deps.artifacts, record.plan_file);
  if (createHash("sha256").update(bytes).digest("hex") !== record.plan_sha256)
    throw new OpsError("artifact_missing", "The stored plan is not the one that was made.");
  return bytes;
}

/** The plan record, and that it is this run's plan of this workspace, made with this run's environment or one it renewed. */
async function loadPlan(deps: WorkerDeps, call: StepCall, task: ApplyTask, { workspace }: WorkspaceContext): Promise<PlanRecord> {
  const record = await deps.artifacts.getJson<PlanRecord>(task.plan);
  const fits =
    record.run === call.run && record.workspace === workspace.name && record.dir === workspace.dir && record.config === task.config;
  if (!fits) return await refuse(deps, call, task, "The plan is not this run's plan of this workspace.");
  let digest = task.environment;
  for (let i = 0; digest !== record.environment; i += 1) {
    const { refreshes } = await deps.artifacts.getJson<RunEnvironment>(digest);
    if (refreshes === undefined || i >= MAX_RENEWALS)
      return await refuse(deps, call, task, "The plan was made in another environment than the run's.");
    digest = refreshes;
  }
  return record;
}

/** Every check of the approval, then its use: single, bound to this plan; a retry of the same step may go on with it. */
async function useApproval(deps: WorkerDeps, call: StepCall, task: ApplyTask, plan: PlanRecord): Promise<void> {
  const record = asRecord(await deps.artifacts.getJson(task.approval));
  if (record.decision !== "approved") return await refuse(deps, call, task, "The decision is not an approval.");
  const carried = record.run_id === call.run ? undefined : await carriedItem(deps, record, plan);
  if (record.run_id !== call.run && carried === undefined)
    return await refuse(deps, call, task, "The approval is for another plan than the one to be applied.");
  const item = carried ?? { what: SUBJECT_PREFIX + task.name, digest: task.plan };
  await deps.approvals.verify(record, { run_id: record.run_id, item });
  await deps.approvals.consume(record, item, consumerOf(call.run, task.name, task.plan));
}

/** The plan that a person approved after a plan-only run, where it means the same as this one. */
async function carriedItem(deps: WorkerDeps, record: ApprovalRecord, plan: PlanRecord): Promise<SubjectItem | undefined> {
  const item = record.subject.find((s) => s.what === SUBJECT_PREFIX + plan.workspace);
  const earlier = item === undefined ? undefined : await deps.artifacts.getJson<PlanRecord>(item.digest);
  return earlier !== undefined && carryKey(earlier) === carryKey(plan) ? item : undefined;
}

/** What the ledger cannot see is refused and audited here; it audits its own refusals. */
async function refuse(deps: WorkerDeps, call: StepCall, task: ApplyTask, why: string): Promise<never> {
  await deps.audit.append({
    kind: "approval_refused",
    actor: call.run,
    what: "apply",
    target: task.name,
    digest: task.plan,
    outcome: why,
    code: "approval_mismatch",
    id: call.run,
  });
  throw new OpsError("approval_mismatch", why);
}

async function answerOf(
  deps: WorkerDeps,
  call: StepCall,
  opened: WorkspaceContext,
  result: ApplyResult & { outcome: Exclude<ApplyResult["outcome"], "done"> },
): Promise<ApplyAnswer> {
  const error = result.error === undefined ? undefined : fromPlain(result.error);
  if (result.outcome === "not_done" && error !== undefined && hasCode(error, "stale")) return { outcome: "stale" };
  const shown = new OpsError(
    error?.code ?? (result.outcome === "not_done" ? "command_failed" : "in_doubt"),
    error?.message ?? "The apply did not complete.",
    {
      ...(error === undefined ? {} : { hint: error.hint }),
      details: {
        ...error?.details,
        completed: result.completed,
        finished: result.finished,
        in_flight: result.in_flight,
        failed: result.failed,
        ...(result.remaining === undefined ? {} : { remaining: result.remaining }),
      },
    },
  );
  return await answerFailure(deps, call, opened, result.outcome, shown);
}

/** The plan is applied, whatever happens to the reading of its outputs. */
async function afterApply(
  deps: WorkerDeps,
  call: StepCall,
  opened: WorkspaceContext,
  times: WorkspaceView,
  told: WorkspaceOutputs | undefined,
): Promise<ApplyAnswer> {
  // A cancellation after the end of the apply must not lose the outputs.
  const quiet = { ...opened, step: { ...opened.step, signal: opened.step.handover ?? new AbortController().signal } };
  try {
    return { outcome: "done", outputs: await keepOutputs(deps, call, quiet, times, told) };
  } catch (error) {
    if (!isStepFailure(error) || call.handover.aborted) throw error;
    const unread = new OpsError(error.code, `The plan was applied, but its outputs could not be read: ${error.message}`, {
      hint: "Start a new run; it finds no changes here and reads the outputs.",
      details: error.details,
    });
    return await answerFailure(deps, call, opened, "partial", unread);
  }
}

async function answerFailure(
  deps: WorkerDeps,
  call: StepCall,
  opened: WorkspaceContext,
  outcome: "not_done" | "partial" | "in_doubt",
  error: OpsError,
): Promise<ApplyAnswer> {
  const failure = await keepFailure(
    deps,
    call,
    opened.workspace.name,
    isOpsError(error) ? error : new OpsError("unexpected", "The apply failed."),
    opened.redactor,
  );
  if (outcome === "not_done" && error.code === "credentials") return { outcome: "credentials", failure };
  await opened.lock.release(call.run);
  return { outcome, failure };
}
