import { autoAllows, canonicalJson, CHANGE_KINDS, type ApprovalRecord, type ApprovalRequest, type ChangeKind, type Environment } from "@platform-ops/ledger";
import { isOpsError, OpsError } from "@platform-ops/errors";
import { approvalDetails, approvalSummary, approvalTitle } from "./approval-text.ts";
import { carryKey, consumerOf, type PlanRecord, type PlanView } from "./plan-record.ts";
import { SUBJECT_PREFIX, type DecisionAnswer, type DecisionTask, type GateAnswer, type GateTask, type PlanItem, type ReleaseTask } from "./run-contract.ts";
import type { StepCall, WorkerDeps } from "./worker-deps.ts";
import { loadConfig, lockOf, workspaceOf } from "./workspace-context.ts";

const HOUR = 3_600_000;
const SERVER = "terraform";
/** Kind of the requests that a plan-only run leaves open. */
export const KIND_LEFT = "apply";

interface Waiting {
  readonly item: PlanItem;
  readonly plan: PlanRecord;
}

type Released = GateAnswer["released"][number];

/**
 * One request over all plans that wait. Some need no person: what the policy itself lets through, and what a person has
 * approved after an equal plan-only run. A decision that was made on the replaced request, but not delivered, counts.
 */
export async function requestApproval(deps: WorkerDeps, call: StepCall, task: GateTask): Promise<GateAnswer> {
  const { environment } = await loadConfig(deps, task.config);
  const all = await Promise.all(task.items.map(async (item): Promise<Waiting> => ({ item, plan: await deps.artifacts.getJson<PlanRecord>(item.plan) })));
  const released: Released[] = [];
  const rejected: number[] = [];
  let waiting = all;
  const take = (found: readonly Released[]): void => {
    released.push(...found);
    waiting = waiting.filter(({ item }) => !found.some((r) => r.node === item.node));
  };
  if (task.supersedes !== undefined) {
    const before = await closeReplaced(deps, call, task.supersedes, waiting);
    rejected.push(...before.rejected);
    waiting = waiting.filter(({ item }) => !rejected.includes(item.node));
    take(before.released);
  }
  if (!task.plan_only) {
    take(await carriedOver(deps, waiting));
    take(await byPolicy(deps, call, task, environment, waiting));
  }
  if (waiting.length === 0) return { released, rejected };
  const request = await ask(deps, call, task, environment, waiting);
  return { released, rejected, request: { id: request.id, expires_at: request.expires_at, channels: request.channels, nodes: waiting.map(({ item }) => item.node) } };
}

async function ask(deps: WorkerDeps, call: StepCall, task: GateTask, environment: Environment, waiting: readonly Waiting[]): Promise<ApprovalRequest> {
  const known = await deps.approvals.get(task.ids.person).catch(unknown);
  if (known !== undefined) return known;
  const plans = waiting.map(({ plan }) => plan);
  const views = await Promise.all(plans.map((plan) => deps.artifacts.getJson<PlanView>(plan.view)));
  const hours = Math.min(task.approval_hours, deps.policy.approvals.hours);
  const channels = environment.protected ? environment.channels.filter((channel) => channel === "signed") : environment.channels.filter((channel) => channel !== "auto");
  return await deps.approvals.request({
    ...draft(call, task, environment, waiting),
    id: task.ids.person,
    title: approvalTitle(plans),
    summary: approvalSummary(plans, views),
    details: await deps.artifacts.put(approvalDetails(plans, views), { kind: "approval_details" }),
    channels,
    required: environment.required ?? deps.policy.approvals.signed?.required ?? 1,
    expires_at: new Date(Date.now() + hours * HOUR).toISOString(),
  });
}

function draft(call: StepCall, task: GateTask, environment: Environment, waiting: readonly Waiting[]): Pick<ApprovalRequest, "server" | "run_id" | "kind" | "environment" | "requester" | "subject"> & { changes: Record<string, ChangeKind[]> } {
  const subject = waiting.map(({ item }) => ({ what: SUBJECT_PREFIX + item.name, digest: item.plan })).sort((a, b) => (a.what < b.what ? -1 : 1));
  const changes = Object.fromEntries(waiting.map(({ item, plan }) => [SUBJECT_PREFIX + item.name, plan.kinds.filter(isChangeKind)]));
  return { server: SERVER, run_id: call.run, kind: KIND_LEFT, environment: environment.name, requester: task.requester, subject, changes };
}

function isChangeKind(kind: string): kind is ChangeKind {
  return (CHANGE_KINDS as readonly string[]).includes(kind);
}

/** Closes the request that a larger one replaces; a decision made on it in the meantime is kept. */
async function closeReplaced(deps: WorkerDeps, call: StepCall, id: string, waiting: readonly Waiting[]): Promise<{ released: Released[]; rejected: number[] }> {
  const [record] = await deps.approvals.records(id);
  if (record === undefined) {
    await deps.approvals.close(id, "superseded");
    return { released: [], rejected: [] };
  }
  const decided = waiting.filter(({ item }) => record.subject.some((s) => s.what === SUBJECT_PREFIX + item.name && s.digest === item.plan));
  await deps.approvals.verify(record, { run_id: call.run });
  if (record.decision === "rejected") return { released: [], rejected: decided.map(({ item }) => item.node) };
  const approval = await keepRecord(deps, record);
  return { released: decided.map(({ item }) => ({ node: item.node, approval, by: "decided" })), rejected: [] };
}

/** Unused approvals of plan-only runs whose plan was equal in all that matters. */
async function carriedOver(deps: WorkerDeps, waiting: readonly Waiting[]): Promise<Released[]> {
  const now = new Date().toISOString();
  const requests = (await deps.approvals.list({ status: "approved" })).filter((request) => request.server === SERVER && request.expires_at > now && request.channels.every((channel) => channel !== "auto"));
  const found: Released[] = [];
  for (const { item, plan } of waiting) {
    for (const request of requests) {
      const approval = await carriedFrom(deps, request, item, plan);
      if (approval === undefined) continue;
      found.push({ node: item.node, approval, by: "carried" });
      break;
    }
  }
  return found;
}

async function carriedFrom(deps: WorkerDeps, request: ApprovalRequest, item: PlanItem, plan: PlanRecord): Promise<string | undefined> {
  const subject = request.subject.find((s) => s.what === SUBJECT_PREFIX + item.name);
  if (subject === undefined || request.run_id === plan.run) return undefined;
  const earlier = await deps.artifacts.getJson<PlanRecord>(subject.digest).catch(unknown);
  if (earlier === undefined || carryKey(earlier) !== carryKey(plan)) return undefined;
  const [record] = await deps.approvals.records(request.id);
  if (record === undefined || record.decision !== "approved") return undefined;
  // Used up at once, for this plan: of two runs that both find it, one may use it.
  const mine = async (): Promise<true> => {
    await deps.approvals.verify(record, { run_id: record.run_id, item: subject });
    await deps.approvals.consume(record, subject, consumerOf(plan.run, item.name, item.plan));
    return true;
  };
  return (await mine().catch(isRefusal)) ? await keepRecord(deps, record) : undefined;
}

/** What the operator's file itself approves: every kind of change of the plan must be named by one rule. */
async function byPolicy(deps: WorkerDeps, call: StepCall, task: GateTask, environment: Environment, waiting: readonly Waiting[]): Promise<Released[]> {
  const allowed = waiting.filter(({ plan }) => plan.kinds.every(isChangeKind) && autoAllows(deps.policy, { environment: environment.name, workspace: plan.workspace, changes: plan.kinds.filter(isChangeKind) }));
  if (allowed.length === 0) return [];
  const plans = allowed.map(({ plan }) => plan);
  const request =
    (await deps.approvals.get(task.ids.auto).catch(unknown)) ??
    (await deps.approvals.request({ ...draft(call, task, environment, allowed), id: task.ids.auto, title: approvalTitle(plans), summary: "Approved by the operator's policy.", channels: ["auto"], required: 1, expires_at: new Date(Date.now() + HOUR).toISOString() }));
  const [made] = await deps.approvals.records(request.id);
  const record = made ?? (await deps.approvals.decide({ id: request.id, decision: "approved", channel: "auto", approver: "policy:auto" }));
  const approval = await keepRecord(deps, record);
  return allowed.map(({ item }) => ({ node: item.node, approval, by: "auto" }));
}

/** Verifies the record that came with an update, and keeps it for the activity that acts, which verifies it again. */
export async function checkDecision(deps: WorkerDeps, call: StepCall, task: DecisionTask): Promise<DecisionAnswer> {
  const record = asRecord(task.record);
  if (record.request_id !== task.request) throw new OpsError("approval_mismatch", "The record is for another request.");
  await deps.approvals.verify(record, { run_id: call.run });
  const nodes = task.items.filter((item) => record.subject.some((s) => s.what === SUBJECT_PREFIX + item.name && s.digest === item.plan)).map((item) => item.node);
  if (nodes.length === 0) throw new OpsError("approval_mismatch", "The record approves none of the plans that wait now.");
  return { decision: record.decision, approval: await keepRecord(deps, record), nodes };
}

function asRecord(value: unknown): ApprovalRecord {
  const record = value as Partial<ApprovalRecord> | null;
  if (typeof record !== "object" || record === null || typeof record.request_id !== "string" || !Array.isArray(record.subject)) throw new OpsError("approval_invalid", "This is no approval record.");
  if (canonicalJson(record).length > 64 * 1024) throw new OpsError("too_large", "The approval record is larger than 64 KB.");
  return record as ApprovalRecord;
}

async function keepRecord(deps: WorkerDeps, record: ApprovalRecord): Promise<string> {
  return await deps.artifacts.putJson(record, { kind: "approval_record" });
}

/** Gives back the locks of workspaces that are done with, and closes a request that nobody needs any more. */
export async function releaseWorkspaces(deps: WorkerDeps, call: StepCall, task: ReleaseTask): Promise<void> {
  const { config, environment } = await loadConfig(deps, task.config);
  for (const name of task.names) await lockOf(deps, workspaceOf(config, name), environment).release(call.run);
  if (task.close !== undefined) await deps.approvals.close(task.close.request, task.close.status);
}

function unknown(error: unknown): undefined {
  if (isOpsError(error)) return undefined;
  throw error;
}

function isRefusal(error: unknown): false {
  if (isOpsError(error)) return false;
  throw error;
}
