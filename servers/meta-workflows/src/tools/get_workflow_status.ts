import { z } from "zod";
import { tool } from "../deps.ts";
import { readRun, type RunView } from "../runs/read-run.ts";
import { pauseText, personsWay, waitText } from "../runs/render-answer.ts";
import { workflowId } from "./params.ts";

export const get_workflow_status = tool({
  name: "get_workflow_status",
  title: "Get workflow status",
  description: "How a run stands: status, step, pending action, state, what it waits for.",
  effect: "read",
  toolset: "runs",
  input: z.strictObject({ workflow_id: workflowId }),
  async run({ workflow_id }, deps) {
    const view = await readRun(deps, workflow_id);
    return { text: statusText(view), data: statusData(view) };
  },
});

/** The keys of the source, and ours. */
export function statusData(view: RunView): Record<string, unknown> {
  const { memo, end, status } = view;
  const isOpen = end === undefined;
  return {
    workflow_id: view.workflow_id,
    status,
    current_step: isOpen ? memo.current_step : null,
    pending_action: isOpen ? (memo.open[0] ?? null) : null,
    state: memo.state ?? null,
    error: end?.error ?? null,
    ...(end === undefined ? {} : { outcome: end.status, result: end.output ?? null }),
    workflow: memo.workflow,
    version: memo.version,
    started_at: view.started_at,
    ...(view.finished_at === undefined ? {} : { finished_at: view.finished_at }),
    ...(isOpen && memo.open.length > 1 ? { open_actions: memo.open } : {}),
    ...(isOpen && memo.waiting_for.length > 0 ? { waiting_for: memo.waiting_for } : {}),
    steps_done: memo.steps_done,
    ...(memo.paused === true ? { paused: true } : {}),
    ...(memo.pause === undefined ? {} : { pause: memo.pause }),
    ...(memo.simulated === true ? { simulated: true } : {}),
    ...(memo.truncated === true ? { truncated: true } : {}),
    ...(view.needs_version ? { needs_version: true } : {}),
  };
}

function statusText({ workflow_id, status, memo, end, needs_version }: RunView): string {
  const lines = [
    `${workflow_id}: ${status}${end === undefined || end.status === status ? "" : ` (${end.status})`}, ${memo.name} ${memo.version}`,
  ];
  if (needs_version) lines.push("The worker that runs now cannot carry it on: it needs the build that began it.");
  if (end === undefined) {
    if (memo.paused === true) lines.push(`It is ${pauseText(memo.pause)}; open actions take results, and nothing else begins.`);
    if (memo.current_step !== null) lines.push(`Current step: ${memo.current_step}`);
    for (const { action_id, title, type } of memo.open) lines.push(`Open: ${action_id} (${type}): ${title}`);
    for (const one of memo.waiting_for) lines.push(`Waits for ${waitText(one)}`);
    lines.push(...personsWay(workflow_id, memo.waiting_for));
    lines.push(
      memo.status === "pending_action"
        ? `Next: next_action ${JSON.stringify({ workflow_id })}`
        : `Next: next_action ${JSON.stringify({ workflow_id, wait_seconds: 30 })}`,
    );
  }
  if (end?.output !== undefined && end.output !== null) lines.push(`Result: ${JSON.stringify(end.output).slice(0, 4_000)}`);
  if (end?.error !== undefined) lines.push(`Error ${end.error.code} at ${end.error.path}: ${end.error.message}`);
  return lines.join("\n");
}
