import { readFile } from "node:fs/promises";
import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Ledger } from "@platform-ops/ledger";
import type { RunEnd } from "@platform-ops/meta-workflow-registry/run";
import type { RunDescription } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import type { ReportPointer, RunReport } from "../worker/finish-run.ts";
import type { RunAnswer, RunMemo, Status } from "../worker/run-contract.ts";
import { MEMO_KEY, statusOf } from "../worker/run-memo.ts";
import { refuseOtherServers } from "./foreign-run.ts";

/** A run as it is known without a worker: open, closed, or known only by its report. */
export interface RunView {
  readonly workflow_id: string;
  readonly status: Status;
  readonly memo: RunMemo;
  readonly started_at: string;
  readonly finished_at?: string;
  readonly end?: RunEnd;
  readonly needs_version: boolean;
}

/**
 * Reads a run: from Temporal, with no worker needed; an older one from its report.
 * @throws OpsError not_found, with the name of the server that it belongs to, where it is another's
 */
export async function readRun(deps: MetaWorkflowsDeps, id: string): Promise<RunView> {
  try {
    const orchestration = await deps.orchestration({ worker: false });
    return await viewOf(await orchestration.describe(id), deps);
  } catch (error) {
    if (!isOpsError(error) || error.code !== "not_found" || error.details["server"] !== undefined) throw error;
    const report = await readReport(await deps.ledger(), id);
    if (report === undefined)
      throw new OpsError("not_found", `No run is called ${JSON.stringify(id.slice(0, 100))}.`, { hint: "list_runs shows them." });
    return ofReport(report);
  }
}

/** One run of a list or a description. */
export async function viewOf(run: RunDescription, deps: MetaWorkflowsDeps): Promise<RunView> {
  refuseOtherServers(run);
  const memo = await toldOf(run, deps);
  const end = await endOf(run, memo, deps);
  return {
    workflow_id: run.workflow_id,
    status: end === undefined ? memo.status : statusOf(end, false),
    memo,
    started_at: run.started_at,
    ...(run.closed_at === undefined ? {} : { finished_at: run.closed_at }),
    ...(end === undefined ? {} : { end }),
    needs_version: run.needs_version,
  };
}

/** How an open run stands by its own word: by its memo, or by its last answer where that is newer. */
export async function toldOf(run: RunDescription, deps: MetaWorkflowsDeps): Promise<RunMemo> {
  const memo = memoOf(run);
  if (memo.answers_tell !== true || run.status !== "RUNNING") return memo;
  const orchestration = await deps.orchestration({ worker: false });
  // A run that closed, or was forgotten, between the two looks: what is known of it then is no failure.
  const told = await orchestration
    .lastAnswer(run.workflow_id, (answer) => (answer as RunAnswer | null)?.told)
    .catch((error: unknown) => {
      if (isOpsError(error) && error.code === "not_found") return undefined;
      throw error;
    });
  return told ?? memo;
}

/** What the run keeps in its memo. */
function memoOf({ memo, workflow_id }: RunDescription): RunMemo {
  const kept = memo[MEMO_KEY] as RunMemo | undefined;
  return (
    kept ?? {
      workflow: workflow_id,
      name: workflow_id,
      version: "",
      digest: "",
      started_with: "",
      requester: "",
      status: "running",
      current_step: null,
      open: [],
      waiting_for: [],
      steps_done: 0,
    }
  );
}

async function endOf(run: RunDescription, memo: RunMemo, deps: MetaWorkflowsDeps): Promise<RunEnd | undefined> {
  if (memo.end !== undefined) {
    // An output that was too large for the memo.
    const report = memo.truncated === true ? await readReport(await deps.ledger(), run.workflow_id) : undefined;
    return report?.end ?? memo.end;
  }
  if (run.status === "RUNNING" || run.status === "CONTINUED_AS_NEW") return undefined;
  if (run.status === "CANCELED" || run.status === "TERMINATED") return { status: "cancelled" };
  return (await readReport(await deps.ledger(), run.workflow_id))?.end ?? { status: "failed" };
}

/** The report of a closed run; undefined where there is none, or its artifact is gone. */
export async function readReport(ledger: Ledger, id: string): Promise<RunReport | undefined> {
  try {
    const path = ledger.directory.path("reports", `${encodeURIComponent(id)}.json`);
    const pointer = JSON.parse(await readFile(path, "utf8")) as ReportPointer;
    return pointer.server === "meta-workflows" ? await ledger.artifacts.getJson<RunReport>(pointer.report) : undefined;
  } catch {
    return undefined;
  }
}

function ofReport(report: RunReport): RunView {
  const { workflow, version, digest, requester, end, run_id } = report;
  const status = statusOf(end, false);
  return {
    workflow_id: run_id,
    status,
    memo: {
      workflow,
      name: workflow,
      version,
      digest,
      started_with: "",
      requester,
      status,
      current_step: null,
      open: [],
      waiting_for: [],
      steps_done: 0,
      state: report.state,
    },
    started_at: new Date(report.started_at).toISOString(),
    finished_at: report.finished_at,
    end,
    needs_version: false,
  };
}
