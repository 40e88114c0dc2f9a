import { z } from "zod";
import { tool } from "../deps.ts";
import { DURABLE } from "../identity.ts";
import { viewOf } from "../runs/read-run.ts";

export const list_runs = tool({
  name: "list_runs",
  title: "List runs",
  description: "Runs, open ones first.",
  effect: "read",
  toolset: "runs",
  input: z.strictObject({
    open: z.boolean().optional(),
    limit: z.int().min(1).max(100).default(20),
    cursor: z.string().max(4_000).optional(),
  }),
  async run({ open, limit, cursor }, deps) {
    const orchestration = await deps.orchestration({ worker: false });
    const page = await orchestration.list({
      server: DURABLE.name,
      limit,
      ...(open === undefined ? {} : { open }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const views = await Promise.all(page.runs.map((run) => viewOf(run, deps)));
    const runs = views.map(({ workflow_id, status, memo, started_at, finished_at, end }) => ({
      workflow_id,
      workflow: memo.workflow,
      status,
      ...(end === undefined
        ? { current_step: memo.current_step, waiting_for: memo.waiting_for.map(({ kind }) => kind) }
        : { outcome: end.status }),
      started_at,
      ...(finished_at === undefined ? {} : { finished_at }),
    }));
    const lines = runs.map((run) => `${run.workflow_id}  ${run.status}  ${run.workflow}  ${run.started_at}`);
    const more = page.cursor === undefined ? [] : [`More: list_runs ${JSON.stringify({ cursor: page.cursor })}`];
    return {
      text: [...(lines.length === 0 ? ["No runs."] : lines), ...more].join("\n"),
      data: { runs, truncated: page.cursor !== undefined, ...(page.cursor === undefined ? {} : { next_cursor: page.cursor }) },
    };
  },
});
