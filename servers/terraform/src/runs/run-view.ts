import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Ledger } from "@platform-ops/ledger";
import {
  buildOfTaskQueue,
  type PendingActivity,
  type RunDescription,
  type RunStatus,
  type TemporalInUse,
} from "@platform-ops/orchestration";
import type { TerraformDeps } from "../deps.ts";
import { SERVER } from "../identity.ts";
import type { Counts, FailureText, RunPhase, WorkspaceState } from "../worker/run-contract.ts";
import type { RunReport } from "../worker/finish-run.ts";
import { readReport } from "./reports.ts";
import { readMemo, type OpenApproval, type ReadMemo } from "../worker/run-memo.ts";

/** What an apply that did not end well did to which resources: `aws_vpc.main (create)`, the first ones of each. */
export interface TouchedResources {
  readonly finished?: readonly string[];
  readonly failed?: readonly string[];
  /** Begun, and whether it took effect is not known. */
  readonly in_flight?: readonly string[];
}

/** One workspace of a run, as tools and commands show it. */
export interface WorkspaceView {
  readonly name: string;
  readonly phase: WorkspaceState;
  readonly needs: readonly string[];
  readonly counts?: Counts;
  /** What it waits for, or because of what it was left out. */
  readonly because?: string;
  /** The run that works in it, and has to end before this one goes on. */
  readonly held_by?: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string } & TouchedResources;
  /** Seconds of planning and applying, once known. */
  readonly seconds?: number;
  /** What terraform says it is doing now. */
  readonly progress?: unknown;
}

/** What a run waits for a person with. */
export interface WaitingApproval extends OpenApproval {
  /** The person has decided, but the run does not know it yet: who sent it was killed, or no worker answered. */
  readonly decided?: "approved" | "rejected";
  /** In which environment the worker asks, where it is another one than the run was started in: its operator's file is another one. */
  readonly environment?: string;
}

/** A run, whether open, closed, or known only by its report. */
export interface RunView {
  readonly workflow_id: string;
  readonly run_id: string;
  /** As the source document prints it: WORKFLOW_EXECUTION_STATUS_RUNNING, … */
  readonly status: `WORKFLOW_EXECUTION_STATUS_${RunStatus}`;
  readonly phase: RunPhase | "needs_version";
  /** The worker build that began it, where no other can carry it on and it is not there. */
  readonly needs_build?: string;
  readonly reason?: string;
  readonly started_at: string;
  readonly finished_at?: string;
  readonly environment?: string;
  readonly config_path?: string;
  readonly requester?: string;
  /** True: the run destroys what its workspaces made. */
  readonly destroy?: true;
  readonly workspaces: readonly WorkspaceView[];
  readonly approval?: WaitingApproval;
  readonly open: boolean;
  /** Which Temporal holds it, in words; absent for runs known only by their report. */
  readonly temporal?: string;
  /** Artifact of the report, for closed runs. */
  readonly report?: string;
}

/**
 * Reads a run: open or closed ones from Temporal, with no worker needed; older ones from their report.
 * @throws OpsError not_found
 */
export async function readRun(deps: TerraformDeps, id: string): Promise<RunView> {
  const ledger = await deps.ledger();
  try {
    const orchestration = await deps.orchestration({ worker: false });
    const description = await orchestration.describe(id);
    refuseForeign(description);
    return { ...(await viewOf(description, ledger)), temporal: printTemporal(orchestration.inUse) };
  } catch (error) {
    if (!isOpsError(error) || error.code !== "not_found") throw error;
    const kept = await readReport(ledger, id);
    if (kept === undefined)
      throw new OpsError("not_found", `Could not find workflow with ID ${id}`, {
        hint: "list_runs lists the runs that exist.",
        cause: error,
      });
    return viewOfReport(id, kept, new Map(await furtherFailures(kept, new Map(), ledger)));
  }
}

/** `local at 127.0.0.1:21067`, and a word on the stranger that people take for it. */
function printTemporal({ mode, address, namespace, other_on_7233 }: TemporalInUse): string {
  const which = mode === "local" ? `local at ${address}` : `${address}, namespace ${namespace}`;
  return other_on_7233 === true ? `${which} (not the other Temporal that listens on port 7233)` : which;
}

function refuseForeign(description: RunDescription): void {
  const { server } = description.attributes;
  if (server !== undefined && server !== SERVER) {
    throw new OpsError("invalid_input", `${description.workflow_id} is a run of the server "${server}", not of this one.`, {
      hint: `Ask the ${server} server for it.`,
    });
  }
}

function neededBuild({ needs_version, task_queue }: RunDescription): Pick<RunView, "needs_build"> {
  const build = needs_version ? buildOfTaskQueue(task_queue) : undefined;
  return build === undefined ? {} : { needs_build: build };
}

/** What Temporal knows of a run → what a reader wants to know. */
export async function viewOf(description: RunDescription, ledger: Ledger): Promise<RunView> {
  const memo = readMemo(description.memo);
  const report = memo.report === undefined ? undefined : await ledger.artifacts.getJson<RunReport>(memo.report).catch(() => undefined);
  const failures = await failureTexts(memo, ledger);
  for (const [name, text] of await furtherFailures(report, failures, ledger)) failures.set(name, text);
  const status = `WORKFLOW_EXECUTION_STATUS_${description.status}` as const;
  return {
    workflow_id: description.workflow_id,
    run_id: description.run_id,
    status,
    phase: description.needs_version ? "needs_version" : closedPhase(description.status, memo.phase),
    ...neededBuild(description),
    ...(memo.reason === undefined ? {} : { reason: memo.reason }),
    started_at: description.started_at,
    ...(description.closed_at === undefined ? {} : { finished_at: description.closed_at }),
    ...(memo.about === undefined
      ? {}
      : {
          environment: memo.about.environment,
          requester: memo.about.requester,
          ...(memo.about.config_path === undefined ? {} : { config_path: memo.about.config_path }),
          ...(memo.about.destroy === true ? { destroy: true } : {}),
        }),
    workspaces: memo.workspaces.map((workspace) => ({
      name: workspace.name,
      phase: workspace.state,
      needs: workspace.needs.map((need) => memo.workspaces[need]?.name ?? String(need)),
      ...(workspace.counts === undefined ? {} : { counts: workspace.counts }),
      ...becauseOf(workspace.name, memo, report),
      ...errorOf(failures.get(workspace.name)),
      ...secondsOf(report, workspace.name),
      ...progressOf(description.pending, workspace.name),
    })),
    ...(await openApproval(memo, description, ledger)),
    open: description.status === "RUNNING",
    ...(memo.report === undefined ? {} : { report: memo.report }),
  };
}

/** The request that waits now. That of a plan-only run outlives it: an approval of it serves the next run. */
async function openApproval(memo: ReadMemo, description: RunDescription, ledger: Ledger): Promise<{ approval?: WaitingApproval }> {
  if (memo.approval === undefined) return {};
  const request = await ledger.approvals.get(memo.approval.id).catch(() => undefined);
  if (description.status === "RUNNING") {
    const decided = request?.status === "approved" || request?.status === "rejected" ? request.status : undefined;
    const environment = request?.environment === memo.about?.environment ? undefined : request?.environment;
    return {
      approval: {
        ...memo.approval,
        ...(decided === undefined ? {} : { decided }),
        ...(environment === undefined ? {} : { environment }),
      },
    };
  }
  return request?.status === "open" && Date.parse(request.expires_at) > Date.now() ? { approval: memo.approval } : {};
}

/** A run that was ended from outside did not get to write its phase. */
function closedPhase(status: RunStatus, phase: RunPhase): RunPhase {
  if (status === "TERMINATED" || status === "CANCELED") return "cancelled";
  if (status === "TIMED_OUT") return "expired";
  return phase;
}

async function failureTexts(memo: ReadMemo, ledger: Ledger): Promise<Map<string, FailureText>> {
  const known = [
    ...(memo.errors ?? []),
    ...(memo.blockers ?? [])
      .filter((b) => b.kind === "credentials")
      .map((b) => ({ workspace: b.workspace, code: "credentials", digest: b.by })),
  ];
  const read = await Promise.all(
    known.map(async ({ workspace, code, digest }): Promise<[string, FailureText]> => {
      const unknown = { workspace, code, message: `${workspace} failed: ${code}` };
      return [
        workspace,
        digest === undefined || digest === "" ? unknown : await ledger.artifacts.getJson<FailureText>(digest).catch(() => unknown),
      ];
    }),
  );
  return new Map(read);
}

/** Of a failure that the memo has no room for, the beginning is told: many of them come at once. */
const FURTHER_LENGTH = 160;

/** The failures of a report that are not known already, each cut. */
async function furtherFailures(
  report: RunReport | undefined,
  known: ReadonlyMap<string, FailureText>,
  ledger: Ledger,
): Promise<[string, FailureText][]> {
  const nodes = (report?.nodes ?? []).flatMap(({ name, failure }) =>
    failure === undefined || known.has(name) ? [] : [{ name, ...failure }],
  );
  return await Promise.all(
    nodes.map(async ({ name, code, digest }): Promise<[string, FailureText]> => {
      const kept = await ledger.artifacts.getJson<FailureText>(digest ?? "").catch(() => undefined);
      const message = kept?.message ?? `${name} failed: ${code}`;
      return [
        name,
        { workspace: name, code, message: message.length <= FURTHER_LENGTH ? message : `${message.slice(0, FURTHER_LENGTH - 1)}…` },
      ];
    }),
  );
}

function errorOf(failure: FailureText | undefined): { error?: NonNullable<WorkspaceView["error"]> } {
  if (failure === undefined) return {};
  const { code, message, hint, details } = failure;
  return {
    error: {
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...touched("finished", details),
      ...touched("failed", details),
      ...touched("in_flight", details),
    },
  };
}

/** Resources shown of each kind; the report artifact has more. */
const SHOWN_RESOURCES = 10;

function touched(kind: keyof TouchedResources, details: FailureText["details"]): TouchedResources {
  const resources = details?.[kind];
  if (!Array.isArray(resources) || resources.length === 0) return {};
  const words = (resources as { address?: unknown; action?: unknown }[])
    .slice(0, SHOWN_RESOURCES)
    .map(({ address, action }) => `${String(address)} (${String(action)})`);
  return { [kind]: resources.length > SHOWN_RESOURCES ? [...words, `and ${resources.length - SHOWN_RESOURCES} more`] : words };
}

function becauseOf(name: string, memo: ReadMemo, report: RunReport | undefined): { because?: string; held_by?: string } {
  const blocker = memo.blockers?.find((b) => b.workspace === name);
  if (blocker?.kind === "held")
    return { because: `held by the run ${blocker.by}`, ...(["", "unknown"].includes(blocker.by) ? {} : { held_by: blocker.by }) };
  if (blocker?.kind === "credentials") return { because: "credentials are missing or expired" };
  const cause = report?.nodes.find((node) => node.name === name)?.cause;
  return cause === undefined ? {} : { because: cause };
}

function secondsOf(report: RunReport | undefined, name: string): { seconds?: number } {
  const node = report?.nodes.find((entry) => entry.name === name);
  if (node?.planned_from === undefined) return {};
  const planning = (node.planned_to ?? node.planned_from) - node.planned_from;
  const applying = node.applied_from === undefined ? 0 : (node.applied_to ?? node.applied_from) - node.applied_from;
  return { seconds: Math.round((planning + applying) / 100) / 10 };
}

/** The heartbeat of the activity that works on a workspace says whose it is. */
function progressOf(pending: readonly PendingActivity[], name: string): { progress?: unknown } {
  const beats = pending.map((activity) => activity.heartbeat as { workspace?: unknown } | undefined);
  const progress = beats.find((beat) => beat?.workspace === name);
  return progress === undefined ? {} : { progress };
}

function viewOfReport(id: string, report: RunReport, failures: ReadonlyMap<string, FailureText>): RunView {
  const names = report.nodes.map((node) => node.name);
  return {
    workflow_id: id,
    run_id: report.run_id ?? "",
    status: statusOfPhase(report.phase),
    phase: report.phase,
    reason: report.reason,
    started_at: new Date(report.started_at).toISOString(),
    ...(report.finished_at === undefined ? {} : { finished_at: new Date(report.finished_at).toISOString() }),
    requester: report.requester,
    ...(report.destroy === true ? { destroy: true } : {}),
    workspaces: report.nodes.map((node) => ({
      name: node.name,
      phase: node.state,
      needs: node.needs.map((need) => names[need] ?? String(need)),
      ...(node.counts === undefined ? {} : { counts: node.counts }),
      ...(node.cause === undefined ? {} : { because: node.cause }),
      ...errorOf(failures.get(node.name)),
      ...secondsOf(report, node.name),
    })),
    open: false,
  };
}

/** The status that Temporal gave a run which closed in that phase. */
export function statusOfPhase(phase: string): "WORKFLOW_EXECUTION_STATUS_COMPLETED" | "WORKFLOW_EXECUTION_STATUS_FAILED" {
  return phase === "completed" ? "WORKFLOW_EXECUTION_STATUS_COMPLETED" : "WORKFLOW_EXECUTION_STATUS_FAILED";
}
