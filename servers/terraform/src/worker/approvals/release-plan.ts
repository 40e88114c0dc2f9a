import { autoAllows, type ApprovalRequest, type Environment } from "@platform-ops/ledger";
import { isOpsError } from "@platform-ops/errors";
import { SERVER } from "../../identity.ts";
import { keepRecord } from "./approval-gate.ts";
import { approvalTitle } from "./approval-text.ts";
import { carriedRequests, forgetCarried } from "./carry-index.ts";
import { carryKey, consumerOf, isChangeKind, type PlanRecord } from "../plan/plan-record.ts";
import { SUBJECT_PREFIX } from "../run-contract.ts";
import type { WorkerDeps } from "../worker-deps.ts";

const HOUR = 3_600_000;

/** A plan that was just made. */
interface MadePlan {
  readonly plan: PlanRecord;
  /** Its artifact: what an approval names. */
  readonly digest: string;
  readonly environment: Environment;
  readonly requester: string;
}

/**
 * The approval of a plan that needs no person now: the unused one of an equal plan-only run, or the policy's own word.
 * Answers the record's artifact, or nothing where a person has to decide.
 */
export async function releasePlan(deps: WorkerDeps, made: MadePlan): Promise<string | undefined> {
  return (await carriedOver(deps, made)) ?? (await byPolicy(deps, made));
}

async function carriedOver(deps: WorkerDeps, made: MadePlan): Promise<string | undefined> {
  const key = carryKey(made.plan);
  for (const id of await carriedRequests(deps.directory, key)) {
    const request = await deps.approvals.get(id).catch(refusedAs(undefined));
    const isOver =
      request === undefined || (request.status !== "open" && request.status !== "approved") || Date.parse(request.expires_at) <= Date.now();
    const approval = isOver || request.status === "open" ? undefined : await carriedFrom(deps, request, made).catch(refusedAs(undefined));
    if (isOver || approval !== undefined) await forgetCarried(deps.directory, key, id);
    if (approval !== undefined) return approval;
  }
  return undefined;
}

/** Used up at once, for this plan: of two runs that both find it, one may use it. @throws OpsError approval_* */
async function carriedFrom(deps: WorkerDeps, request: ApprovalRequest, { plan, digest }: MadePlan): Promise<string | undefined> {
  const subject = request.subject.find((s) => s.what === SUBJECT_PREFIX + plan.workspace);
  if (subject === undefined || request.server !== SERVER || request.run_id === plan.run) return undefined;
  const earlier = await deps.artifacts.getJson<PlanRecord>(subject.digest);
  const [record] = await deps.approvals.records(request.id);
  if (record?.decision !== "approved" || carryKey(earlier) !== carryKey(plan)) return undefined;
  await deps.approvals.verify(record, { run_id: record.run_id, item: subject });
  await deps.approvals.consume(record, subject, consumerOf(plan.run, plan.workspace, digest));
  return await keepRecord(deps, record);
}

/** A refusal means: no approval here. Anything else is not ours to swallow. */
function refusedAs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isOpsError(error)) return value;
    throw error;
  };
}

/** What the operator's file itself approves: every kind of change of the plan must be named. A destruction is a person's to approve. */
async function byPolicy(deps: WorkerDeps, { plan, digest, environment, requester }: MadePlan): Promise<string | undefined> {
  const changes = plan.kinds.filter(isChangeKind);
  if (
    plan.destroy === true ||
    changes.length !== plan.kinds.length ||
    !autoAllows(deps.policy, { environment: environment.name, workspace: plan.workspace, changes })
  )
    return undefined;
  const what = SUBJECT_PREFIX + plan.workspace;
  const request = await deps.approvals.request({
    server: SERVER,
    run_id: plan.run,
    kind: "apply",
    environment: environment.name,
    requester,
    subject: [{ what, digest }],
    changes: { [what]: changes },
    title: approvalTitle([plan]),
    summary: "Approved by the operator's policy.",
    channels: ["auto"],
    required: 1,
    expires_at: new Date(Date.now() + deps.policy.approvals.hours * HOUR).toISOString(),
  });
  return await keepRecord(
    deps,
    await deps.approvals.decide({ id: request.id, decision: "approved", channel: "auto", approver: "policy:auto" }),
  );
}
