import { z } from "zod";
import { tool } from "../deps.ts";
import { SERVER } from "../identity.ts";
import { printTime } from "../runs/render-status.ts";
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
    const orchestration = await deps.orchestration({ worker: false });
    const page = await orchestration.list({ server: SERVER, limit: most, ...(open === undefined ? {} : { open }), ...(from === undefined ? {} : { cursor: from }) });
    const runs = page.runs.map((run) => {
      const memo = readMemo(run.memo);
      return {
        workflow_id: run.workflow_id,
        status: `WORKFLOW_EXECUTION_STATUS_${run.status}`,
        phase: memo.phase,
        started_at: run.started_at,
        ...(run.closed_at === undefined ? {} : { finished_at: run.closed_at }),
        ...(memo.about === undefined ? {} : { environment: memo.about.environment, requester: memo.about.requester }),
        workspaces: memo.workspaces.length,
        ...(memo.approval === undefined || run.status !== "RUNNING" ? {} : { approval: memo.approval.id }),
      };
    });
    const lines = runs.map((run) => `${run.workflow_id}  ${run.status}  ${run.phase}  ${printTime(run.started_at)}  ${run.workspaces} workspace(s)${run.approval === undefined ? "" : `  waits for ${run.approval}`}`);
    const more = page.cursor === undefined ? "" : `\nMore: list_runs ${JSON.stringify({ cursor: page.cursor })}`;
    return {
      text: (lines.length === 0 ? "No runs." : lines.join("\n")) + more,
      data: { runs, truncated: page.cursor !== undefined, ...(page.cursor === undefined ? {} : { next_cursor: page.cursor }) },
    };
  },
});
