import { OpsError, hasCode } from "@platform-ops/errors";
import {
  canonicalJson,
  channelsOf,
  printable,
  strictest,
  type ApprovalRecord,
  type ApprovalRequest,
  type Environment,
  type Policy,
  type SubjectItem,
} from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ApprovalDecision, ApprovalDraft } from "@platform-ops/meta-workflow-registry/run";
import { changesBetween } from "./changes-between.ts";
import type { CallContext, ExecutorDeps } from "../executor-deps.ts";

/** What a person is asked on behalf of a run. */
export interface ApprovalTask {
  /** apr_<ulid>, the same for each try: a repeated task makes the same request. */
  readonly id: string;
  readonly run_id: string;
  /** Id of the definition. */
  readonly workflow: string;
  readonly requester: string;
  /** Digest of the run's own environment: what is approved is done with exactly that. */
  readonly environment?: string;
  readonly draft: ApprovalDraft;
  /** Of what `draft.bind` is: what is approved. */
  readonly digest: string;
}

/** A decision that came to a run and is not believed yet. */
export interface DecisionTask {
  readonly run_id: string;
  readonly request: string;
  readonly step_id: string;
  readonly digest: string;
  readonly record: unknown;
}

/** A request as a run waits for it. */
export interface RunRequest extends Omit<ApprovalRequest, "expires_at"> {
  /** Until when the run waits for the decision. */
  readonly expires_at: string;
  /** Until when an approval that came in time lets guarded steps run. */
  readonly counts_until: string;
}

/** An approval counts at least so long, also for steps that come hours after it. */
const COUNTS_MS = 24 * 3_600_000;

/** Kind of the requests that a run's approval steps make. */
const KIND = "step";
const SERVER = "meta-workflows";
const MAX_RECORD = 65_536;
/** Above what is bound, in the full text of a request; it is read again where an approval is asked anew. */
const BINDS = "What the decision binds:";
const SHOWN = 6_000;

type ApprovalDeps = Pick<ExecutorDeps, "approvals" | "policy" | "artifacts" | "audit" | "redactor">;

const isSame = (one: SubjectItem, other: SubjectItem): boolean => one.what === other.what && one.digest === other.digest;

/** The run's own environment as a part of what is approved. */
const ENVIRONMENT = "run-environment";

const itemOf = (stepId: string, digest: string): SubjectItem => ({ what: `step:${stepId}`, digest });

/**
 * Asks a person: one request, whose subject is the digest of what the step binds. The environment that the definition names
 * decides the channels; one that the policy does not know counts as the strictest that it does.
 * @throws OpsError already_exists (the id was drawn for something else), approval_channel (no channel is open to a person)
 */
export async function requestApproval(deps: ApprovalDeps, task: ApprovalTask): Promise<RunRequest> {
  const { approvals, policy } = deps;
  const { id, run_id, workflow, requester, draft, digest } = task;
  const known = await approvals.get(id).catch((error: unknown) => {
    if (hasCode(error, "approval_not_found")) return undefined;
    throw error;
  });
  if (known !== undefined) {
    if (known.run_id === run_id && known.subject.some((each) => isSame(each, itemOf(draft.step_id, digest)))) return waiting(known, draft);
    throw new OpsError("already_exists", `The request ${id} was made for something else.`);
  }
  const { environment, note } = environmentFor(policy, draft.environment);
  const channels = channelsOf(environment).filter((channel) => channel !== "auto");
  if (channels.length === 0)
    throw new OpsError("approval_channel", `In the environment ${environment.name} no channel is open to a person.`, {
      hint: "Let the operator open one: environments[].channels.",
    });
  const counts = Math.min(Math.max(draft.wait_at_most, COUNTS_MS), policy.approvals.hours * 3_600_000);
  const request = await approvals.request({
    id,
    server: SERVER,
    run_id,
    kind: KIND,
    environment: environment.name,
    requester,
    subject: [itemOf(draft.step_id, digest), ...(task.environment === undefined ? [] : [{ what: ENVIRONMENT, digest: task.environment }])],
    title: printable(deps.redactor.text(draft.title)).replaceAll("\n", " ").slice(0, 500) || draft.step_id,
    summary: summaryOf(deps, task, [...(note === undefined ? [] : [note]), ...(await changesSince(deps, draft))]),
    details: await deps.artifacts.put(detailsOf(deps, workflow, draft), { kind: "approval_details" }),
    channels,
    required: Math.max(draft.required, environment.required ?? (environment.protected ? (policy.approvals.signed?.required ?? 1) : 1)),
    expires_at: new Date(Date.now() + counts).toISOString(),
  });
  return waiting(request, draft);
}

/** The run waits from the time when the request was made, whoever asks for it again. */
function waiting(request: ApprovalRequest, { wait_at_most }: ApprovalDraft): RunRequest {
  const until = Math.min(Date.parse(request.created_at) + wait_at_most, Date.parse(request.expires_at));
  return { ...request, expires_at: new Date(until).toISOString(), counts_until: request.expires_at };
}

function environmentFor(policy: Policy, name: string | undefined): { environment: Environment; note?: string } {
  const found = name === undefined ? policy.environments.at(-1) : policy.environments.find((each) => each.name === name);
  if (found !== undefined) return { environment: found };
  const environment = strictest(policy.environments);
  return {
    environment,
    note: `The policy knows no environment ${JSON.stringify(name)}; it is decided as in ${environment.name}, the strictest.`,
  };
}

/** A few lines for whoever decides; data of agents and programs stands as JSON, in which nothing can pass for our words. */
function summaryOf(deps: ApprovalDeps, { run_id, workflow, requester, draft, digest }: ApprovalTask, notes: readonly string[]): string {
  const lines = [
    `Runbook     ${workflow}, step ${draft.step_id}`,
    `Run         ${run_id}, asked by ${requester}; it waits at most ${Math.ceil(draft.wait_at_most / 60_000)} min`,
    `Subject     ${shown(deps, draft.subject)}`,
    ...(draft.show === undefined ? [] : [`Shown       ${shown(deps, draft.show)}`]),
    `Bound       ${shown(deps, draft.bind)}`,
    `Digest      ${digest}`,
    ...notes.map((note) => `Note        ${note}`),
  ];
  return printable(lines.join("\n")).slice(0, 19_000);
}

function shown(deps: ApprovalDeps, value: Json): string {
  const text = canonicalJson(deps.redactor.value(value));
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}… (${text.length} characters; all of it with \`show\`)`;
}

function detailsOf(deps: ApprovalDeps, workflow: string, draft: ApprovalDraft): string {
  const part = (title: string, value: Json): string => `${title}\n${JSON.stringify(deps.redactor.value(value), undefined, 2)}\n`;
  return printable(
    [
      `Runbook ${workflow}, step ${draft.step_id}`,
      part("What is to be decided:", draft.subject),
      ...(draft.show === undefined ? [] : [part("Shown with it:", draft.show)]),
      part(BINDS, draft.bind),
    ].join("\n"),
  );
}

/** What is told of an approval that is asked anew: which one it takes the place of, and what has changed since. */
async function changesSince(deps: ApprovalDeps, { instead_of, bind }: ApprovalDraft): Promise<string[]> {
  if (instead_of === undefined) return [];
  const before = await boundBy(deps, instead_of);
  const known = before === undefined ? [] : changesBetween(before.value, deps.redactor.value(bind));
  return [
    `Asked anew: what ${instead_of} approved has changed since, and counts no more.`,
    ...(known.length === 0 ? [] : [`Changed since: ${known.join("; ")}`]),
  ];
}

/** What an earlier request bound, as it was shown; undefined where that is not kept any more. */
async function boundBy({ approvals, artifacts }: ApprovalDeps, id: string): Promise<{ value: Json } | undefined> {
  try {
    const { details } = await approvals.get(id);
    const text = details === undefined ? "" : (await artifacts.get(details)).toString("utf8");
    const at = text.lastIndexOf(`\n${BINDS}\n`);
    return at < 0 ? undefined : { value: JSON.parse(text.slice(at + BINDS.length + 2)) as Json };
  } catch {
    return undefined;
  }
}

/**
 * A record that came with an update, with every check made. Nothing in it was believed before.
 * @throws OpsError approval_* where it decides nothing here
 */
export async function verifyApproval(deps: Pick<ExecutorDeps, "approvals">, task: DecisionTask): Promise<ApprovalDecision> {
  const record = asRecord(task.record);
  if (record.request_id !== task.request) throw new OpsError("approval_mismatch", "The record is for another request.");
  const item = itemOf(task.step_id, task.digest);
  await deps.approvals.verify(record, record.decision === "approved" ? { run_id: task.run_id, item } : { run_id: task.run_id });
  if (!record.subject.some((each) => isSame(each, item)))
    throw new OpsError("approval_mismatch", "The record decides something else than this step.");
  return {
    decision: record.decision,
    digest: task.digest,
    request_id: record.request_id,
    by: record.approver,
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    record: record as unknown as Json,
  };
}

/**
 * The last look before a guarded call: the decision is an approval of exactly what is to be done now, through a channel that
 * counts by this process's own policy, and is used for this run only. All steps that name it as their guard share it.
 * @throws OpsError approval_*
 */
export async function useApproval(
  deps: Pick<ExecutorDeps, "approvals">,
  guard: ApprovalDecision,
  { run_id: runId, environment }: Pick<CallContext, "run_id" | "environment">,
): Promise<void> {
  if (guard.decision !== "approved") throw new OpsError("approval_invalid", "The step is guarded by an approval, and it was not approved.");
  const record = asRecord(guard.record);
  const item = record.subject.find(({ what, digest }) => what.startsWith("step:") && digest === guard.digest);
  if (item === undefined) throw new OpsError("approval_mismatch", "The approval is not of what would be done now.");
  const bound = record.subject.find(({ what }) => what === ENVIRONMENT)?.digest;
  if (bound !== undefined && bound !== environment)
    throw new OpsError("approval_mismatch", "The run would act in another environment than the one that was approved.");
  await deps.approvals.verify(record, { run_id: runId, item });
  await deps.approvals.consume(record, item, `${SERVER} ${runId}`);
}

/** A value with the outline of a record. @throws OpsError approval_invalid, too_large */
function asRecord(value: unknown): ApprovalRecord {
  const record = value as Partial<ApprovalRecord> | null | undefined;
  if (typeof record !== "object" || record === null || typeof record.request_id !== "string" || !Array.isArray(record.subject))
    throw new OpsError("approval_invalid", "This is no approval record.");
  if (canonicalJson(record).length > MAX_RECORD) throw new OpsError("too_large", "The approval record is larger than 64 KB.");
  return record as ApprovalRecord;
}
