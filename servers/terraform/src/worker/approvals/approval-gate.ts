import { canonicalJson, type ApprovalRecord, type ApprovalRequest, type Environment } from "@platform-ops/ledger";
import { isOpsError, OpsError } from "@platform-ops/errors";
import { approvalDetails, approvalSummary, approvalTitle } from "./approval-text.ts";
import { SERVER } from "../../identity.ts";
import { noteCarried } from "./carry-index.ts";
import { carryKey, isChangeKind, type PlanRecord, type PlanView } from "../plan/plan-record.ts";
import type { DecisionAnswer, DecisionTask, GateAnswer, GateTask, PlanItem, ReleaseTask } from "../activity-contract.ts";
import { SUBJECT_PREFIX } from "../run-contract.ts";
import type { StepCall, WorkerDeps } from "../worker-deps.ts";
import { loadConfig, lockOf, workspaceOf } from "../workspace/workspace-context.ts";

const HOUR = 3_600_000;

interface Waiting {
  readonly item: PlanItem;
  readonly plan: PlanRecord;
}

type Released = GateAnswer["released"][number];

/** One request over all plans that wait. A decision that was made on the replaced request, but not delivered, counts. */
export async function requestApproval(deps: WorkerDeps, call: StepCall, task: GateTask): Promise<GateAnswer> {
  const { environment } = await loadConfig(deps, task.config);
  const all = await Promise.all(
    task.items.map(async (item): Promise<Waiting> => ({ item, plan: await deps.artifacts.getJson<PlanRecord>(item.plan) })),
  );
  const released: Released[] = [];
  const rejected: number[] = [];
  let waiting = all;
  if (task.supersedes !== undefined) {
    const before = await closeReplaced(deps, call, task.supersedes, waiting);
    rejected.push(...before.rejected);
    released.push(...before.released);
    waiting = waiting.filter(({ item }) => !rejected.includes(item.node) && !released.some((r) => r.node === item.node));
  }
  if (waiting.length === 0) return { released, rejected };
  const request = await ask(deps, call, task, environment, waiting);
  if (task.plan_only) for (const { plan } of waiting) await noteCarried(deps.directory, carryKey(plan), request.id);
  return {
    released,
    rejected,
    request: { id: request.id, expires_at: request.expires_at, channels: request.channels, nodes: waiting.map(({ item }) => item.node) },
  };
}

async function ask(
  deps: WorkerDeps,
  call: StepCall,
  task: GateTask,
  environment: Environment,
  waiting: readonly Waiting[],
): Promise<ApprovalRequest> {
  const known = await deps.approvals.get(task.id).catch(unknown);
  if (known !== undefined) return known;
  const plans = waiting.map(({ plan }) => plan);
  const views = await Promise.all(plans.map((plan) => deps.artifacts.getJson<PlanView>(plan.view)));
  const hours = Math.min(task.approval_hours, deps.policy.approvals.hours);
  const channels = environment.protected
    ? environment.channels.filter((channel) => channel === "signed")
    : environment.channels.filter((channel) => channel !== "auto");
  return await deps.approvals.request({
    server: SERVER,
    run_id: call.run,
    kind: plans.some((plan) => plan.destroy === true) ? "destroy" : "apply",
    environment: environment.name,
    requester: task.requester,
    subject: plans
      .map((plan, i) => ({ what: SUBJECT_PREFIX + plan.workspace, digest: waiting[i]?.item.plan ?? "" }))
      .sort((a, b) => (a.what < b.what ? -1 : 1)),
    changes: Object.fromEntries(plans.map((plan) => [SUBJECT_PREFIX + plan.workspace, plan.kinds.filter(isChangeKind)])),
    id: task.id,
    title: approvalTitle(plans),
    summary: approvalSummary(plans, views),
    details: await deps.artifacts.put(approvalDetails(plans, views), { kind: "approval_details" }),
    channels,
    required: environment.required ?? deps.policy.approvals.signed?.required ?? 1,
    expires_at: new Date(Date.now() + hours * HOUR).toISOString(),
  });
}

/** Closes the request that a larger one replaces; a decision made on it in the meantime is kept. */
async function closeReplaced(
  deps: WorkerDeps,
  call: StepCall,
  id: string,
  waiting: readonly Waiting[],
): Promise<{ released: Released[]; rejected: number[] }> {
  const kept = await keptDecision(deps, call, id);
  if (kept === undefined || "refused" in kept) {
    await deps.approvals.close(id, "superseded").catch(unknown);
    return { released: [], rejected: [] };
  }
  const { record } = kept;
  const decided = waiting.filter(({ item }) => record.subject.some((s) => s.what === SUBJECT_PREFIX + item.name && s.digest === item.plan));
  if (record.decision === "rejected") return { released: [], rejected: decided.map(({ item }) => item.node) };
  const approval = await keepRecord(deps, record);
  return { released: decided.map(({ item }) => ({ node: item.node, approval })), rejected: [] };
}

/**
 * The decision that is kept for a request. `refused`: it can release nothing here, because the policy was tightened, a key
 * revoked, or its file altered since. As a request is decided once, only a new one helps then. One that is merely expired
 * is not refused in this sense: the run ends with it.
 */
async function keptDecision(
  deps: WorkerDeps,
  call: StepCall,
  id: string,
): Promise<{ record: ApprovalRecord } | { refused: OpsError } | undefined> {
  try {
    const [record] = await deps.approvals.records(id);
    if (record === undefined || record.run_id !== call.run) return undefined;
    await deps.approvals.verify(record, { run_id: call.run });
    return { record };
  } catch (error) {
    if (isOpsError(error) && error.code.startsWith("approval_") && error.code !== "approval_expired") return { refused: error };
    throw error;
  }
}

/** Verifies the record that came with an update, and keeps it for the activity that acts, which verifies it again. */
export async function checkDecision(deps: WorkerDeps, call: StepCall, task: DecisionTask): Promise<DecisionAnswer> {
  const record = asRecord(task.record);
  if (record.request_id !== task.request) throw new OpsError("approval_mismatch", "The record is for another request.");
  try {
    await deps.approvals.verify(record, { run_id: call.run });
  } catch (error) {
    const kept = isOpsError(error) ? await keptDecision(deps, call, task.request) : undefined;
    if (kept !== undefined && "refused" in kept) return { decision: "void", code: kept.refused.code, why: kept.refused.message };
    throw error;
  }
  const nodes = task.items
    .filter((item) => record.subject.some((s) => s.what === SUBJECT_PREFIX + item.name && s.digest === item.plan))
    .map((item) => item.node);
  if (nodes.length === 0) throw new OpsError("approval_mismatch", "The record approves none of the plans that wait now.");
  return { decision: record.decision, approval: await keepRecord(deps, record), nodes };
}

/** A value with the outline of a record; nothing of it is believed before it was verified. @throws OpsError approval_invalid, too_large */
export function asRecord(value: unknown): ApprovalRecord {
  const record = value as Partial<ApprovalRecord> | null;
  if (typeof record !== "object" || record === null || typeof record.request_id !== "string" || !Array.isArray(record.subject))
    throw new OpsError("approval_invalid", "This is no approval record.");
  if (canonicalJson(record).length > 64 * 1024) throw new OpsError("too_large", "The approval record is larger than 64 KB.");
  return record as ApprovalRecord;
}

/** The record as an artifact: the history names it by digest. */
export async function keepRecord(deps: WorkerDeps, record: ApprovalRecord): Promise<string> {
  return await deps.artifacts.putJson(record, { kind: "approval_record" });
}

/** Gives back the locks of workspaces that are done with, and closes a request that nobody needs any more. */
export async function releaseWorkspaces(deps: WorkerDeps, call: StepCall, task: ReleaseTask): Promise<void> {
  const { config } = await loadConfig(deps, task.config);
  for (const name of task.names) await lockOf(deps, workspaceOf(config, name)).release(call.run);
  if (task.close !== undefined) await deps.approvals.close(task.close.request, task.close.status);
}

function unknown(error: unknown): undefined {
  if (isOpsError(error)) return undefined;
  throw error;
}
