import type { RunDescription } from "@platform-ops/orchestration";
import { z } from "zod";
import { tool } from "../deps.ts";
import { SERVER } from "../identity.ts";
import { printTime } from "../runs/render-status.ts";
import { listReports } from "../runs/reports.ts";
import { statusOfPhase } from "../runs/run-view.ts";
import type { ReportPointer } from "../worker/finish-run.ts";
import { readMemo } from "../worker/run-memo.ts";
import { cursor, limit } from "./params.ts";

export const list_runs = tool({
  name: "list_runs",
  title: "List runs",
  description: "Lists runs with status and phase: open ones first, then the latest closed ones. Next: get_workflow_status for one of them.",
  effect: "read",
  toolset: "runs",
  input: z.strictObject({
    open: z.boolean().optional().describe("true: only open runs; false: only closed ones."),
    limit: limit(100, 20),
    cursor,
  }),
  async run({ open, limit: most, cursor: from }, deps) {
    const ledger = await deps.ledger();
    const page = from?.startsWith(REPORTS)
      ? { runs: [] }
      : await (
          await deps.orchestration({ worker: false })
        ).list({ server: SERVER, limit: most, ...(open === undefined ? {} : { open }), ...(from === undefined ? {} : { cursor: from }) });
    const listed = page.runs.map(listedRun);
    let next = page.cursor;
    if (next === undefined && open !== true && listed.length < most) {
      // Temporal has told all it knows; what it has forgotten is in the reports.
      const before = from?.startsWith(REPORTS)
        ? from.slice(REPORTS.length)
        : page.runs.findLast((run) => run.status !== "RUNNING")?.workflow_id;
      const known = new Set(listed.map((run) => run.workflow_id));
      const { pointers, more } = await listReports(ledger, before, most - listed.length);
      const kept = pointers.filter((pointer) => !known.has(pointer.workflow_id));
      listed.push(...kept.map(reportedRun));
      if (more) next = `${REPORTS}${kept.at(-1)?.workflow_id ?? ""}`;
    }
    const lines = listed.map(
      (run) =>
        `${run.workflow_id}  ${run.status}  ${run.phase}  ${printTime(run.started_at)}${run.destroy === true ? "  destroys" : ""}${run.approval === undefined ? "" : `  waits for ${run.approval}`}`,
    );
    const more = next === undefined ? "" : `\nMore: list_runs ${JSON.stringify({ cursor: next })}`;
    return {
      text: (lines.length === 0 ? "No runs." : lines.join("\n")) + more,
      data: { runs: listed, truncated: next !== undefined, ...(next === undefined ? {} : { next_cursor: next }) },
    };
  },
});

/** A cursor into the reports. */
const REPORTS = "report:";

interface ListedRun {
  readonly workflow_id: string;
  readonly status: string;
  readonly phase: string;
  readonly started_at: string;
  readonly finished_at?: string;
  readonly environment?: string;
  readonly requester?: string;
  readonly workspaces?: number;
  /** True: it destroys what its workspaces made. */
  readonly destroy?: true;
  readonly approval?: string;
}

function listedRun(run: RunDescription): ListedRun {
  const memo = readMemo(run.memo);
  return {
    workflow_id: run.workflow_id,
    status: `WORKFLOW_EXECUTION_STATUS_${run.status}`,
    phase: memo.phase,
    started_at: run.started_at,
    ...(run.closed_at === undefined ? {} : { finished_at: run.closed_at }),
    ...(memo.about === undefined ? {} : { environment: memo.about.environment, requester: memo.about.requester }),
    workspaces: memo.workspaces.length,
    ...(memo.about?.destroy === true ? { destroy: true } : {}),
    ...(memo.approval === undefined || run.status !== "RUNNING" ? {} : { approval: memo.approval.id }),
  };
}

function reportedRun(pointer: ReportPointer): ListedRun {
  return {
    workflow_id: pointer.workflow_id,
    status: statusOfPhase(pointer.phase),
    phase: pointer.phase,
    started_at: new Date(pointer.started_at).toISOString(),
    finished_at: new Date(pointer.finished_at).toISOString(),
    ...(pointer.destroy === true ? { destroy: true } : {}),
  };
}
