import { isOpsError } from "@platform-ops/errors";
import type { ApprovalRecord, ApprovalRequest, AuditEntry, AuditLog } from "@platform-ops/ledger";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { Receipt, TimelineEvent } from "@platform-ops/meta-workflow-registry/run";
import type { MetaWorkflowsDeps } from "../../deps.ts";
import { readReport, readRun, type RunView } from "../../runs/read-run.ts";
import { messagesTo } from "../../runs/run-messages.ts";

/** What is known of a step. */
export interface StepFacts {
  readonly status: string;
  readonly output?: Json;
  readonly simulated?: boolean;
}

/** An approval with the decisions on it, each checked by this process's own policy as long as it counts. */
export interface DecidedApproval {
  readonly request: ApprovalRequest;
  readonly decisions: readonly { readonly record: ApprovalRecord; readonly verified: boolean; readonly why?: string }[];
}

/** Everything that is on record of one run. */
export interface RunRecord {
  readonly view: RunView;
  readonly inputs: Json;
  readonly timeline: readonly TimelineEvent[];
  readonly steps: { readonly [path: string]: StepFacts };
  readonly receipts: readonly Receipt[];
  readonly approvals: readonly DecidedApproval[];
  /** Lines of the audit about this run: who called what. */
  readonly calls: readonly (AuditEntry & { readonly time: string })[];
  /** What could not be had, in words. */
  readonly missing: readonly string[];
}

interface RunState {
  readonly inputs: Json;
  readonly timeline: readonly TimelineEvent[];
  readonly steps: { readonly [path: string]: StepFacts };
}

/**
 * Gathers it: from the run itself while Temporal knows it, else from its report.
 * @throws OpsError not_found
 */
export async function readRunRecord(deps: MetaWorkflowsDeps, id: string): Promise<RunRecord> {
  const view = await readRun(deps, id);
  const ledger = await deps.ledger();
  const [report, state, requests, calls] = await Promise.all([
    readReport(ledger, view.workflow_id),
    stateOf(deps, view.workflow_id),
    ledger.approvals.list({ run_id: view.workflow_id }),
    callsOn(ledger.audit, view),
  ]);
  const simulated = new Set(report?.simulated ?? []);
  const known = Object.fromEntries(
    (report?.steps ?? []).map((path) => [path, { status: "finished", ...(simulated.has(path) ? { simulated: true } : {}) }]),
  );
  return {
    view,
    inputs: state?.inputs ?? report?.inputs ?? null,
    timeline: longest(state?.timeline ?? [], report?.timeline ?? []),
    steps: state?.steps ?? known,
    receipts: report?.receipts ?? [],
    calls,
    approvals: await Promise.all(
      requests.toSorted((a, b) => (a.created_at < b.created_at ? -1 : 1)).map((request) => decided(deps, request)),
    ),
    missing: [
      ...(state === undefined
        ? ["The results of the steps: no worker could be asked, or Temporal has forgotten the run. Their digests are below."]
        : []),
      ...(report === undefined && view.end === undefined
        ? ["The receipts of results: they are kept in the report that is written when the run ends."]
        : []),
      ...(report === undefined && view.end !== undefined ? ["The run's report, with the receipts of results."] : []),
    ],
  };
}

const longest = (a: readonly TimelineEvent[], b: readonly TimelineEvent[]): readonly TimelineEvent[] => (a.length >= b.length ? a : b);

const DAY_MS = 86_400_000;
const MOST_DAYS = 60;

/** What the audit has of a run, on the days on which it was open. */
async function callsOn(audit: AuditLog, { workflow_id, started_at, finished_at }: RunView): Promise<RunRecord["calls"]> {
  const first = Date.parse(started_at.slice(0, 10));
  const last = finished_at === undefined ? Date.now() : Date.parse(finished_at);
  const days = Math.min(MOST_DAYS, Math.floor((last - first) / DAY_MS) + 1);
  const dates = Array.from({ length: Math.max(1, days) }, (_, day) => new Date(first + day * DAY_MS).toISOString().slice(0, 10));
  const entries = await Promise.all(dates.map((date) => audit.read({ date })));
  return entries.flat().filter((entry) => entry.target === workflow_id || entry.id === workflow_id || namesRun(entry, workflow_id));
}

function namesRun({ arguments: given }: AuditEntry, id: string): boolean {
  return typeof given === "object" && given !== null && (given as { readonly workflow_id?: unknown }).workflow_id === id;
}

/** A query is answered by a worker only; nothing is lost where there is none. */
async function stateOf(deps: MetaWorkflowsDeps, id: string): Promise<RunState | undefined> {
  try {
    return (await messagesTo(deps, id).state()) as unknown as RunState;
  } catch (error) {
    if (isOpsError(error)) return undefined;
    throw error;
  }
}

async function decided(deps: MetaWorkflowsDeps, request: ApprovalRequest): Promise<DecidedApproval> {
  const { approvals } = await deps.ledger();
  const records = await approvals.records(request.id);
  return { request, decisions: await Promise.all(records.map(async (record) => ({ record, ...(await checked(record)) }))) };

  async function checked(record: ApprovalRecord): Promise<{ verified: boolean; why?: string }> {
    // The whole check asks whether it may be acted on now, and records its refusals: that of an old decision would be noise.
    if (Date.parse(record.expires_at) <= Date.now()) return { verified: false, why: "not checked, it has expired since" };
    try {
      await approvals.verify(record, { run_id: request.run_id });
      return { verified: true };
    } catch (error) {
      if (!isOpsError(error)) throw error;
      return { verified: false, why: error.code };
    }
  }
}
