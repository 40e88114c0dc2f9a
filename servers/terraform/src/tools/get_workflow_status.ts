import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { tool, type TerraformDeps } from "../deps.ts";
import { nextCalls, printTally, renderStatus, selectWorkspaces } from "../runs/render-status.ts";
import { readRun, type RunView } from "../runs/run-view.ts";
import { isFinal } from "../worker/run-contract.ts";
import { workflowId } from "./params.ts";

/** Between two looks while a call waits. */
const POLL_MS = 400;

export const get_workflow_status = tool({
  name: "get_workflow_status",
  title: "Get workflow status",
  description:
    "Shows how a run stands: its status, and per workspace phase, counts of changes, what it waits for and errors. " +
    "With wait_seconds it returns when the run ends, waits for a person, or is blocked, at the latest after that time; so there is no need to poll. " +
    "COMPLETED means that all that was asked is done or nothing was to do.",
  effect: "read",
  toolset: "runs",
  input: z.strictObject({
    workflow_id: workflowId,
    wait_seconds: z.number().min(0).max(50).default(0).describe("How long to wait for something to happen, 0 to 50."),
  }),
  async run({ workflow_id, wait_seconds }, deps, call) {
    const view = await waitFor(deps, workflow_id, wait_seconds * 1000, call.signal, (v) =>
      call.progress(`${v.phase}: ${printTally(v.workspaces)}`, v.workspaces.filter((w) => isFinal(w.phase)).length, v.workspaces.length),
    );
    const next = nextCalls(view, deps.config.startedAs, call.canAsk);
    const { shown, hidden } = selectWorkspaces(view.workspaces);
    return {
      text: renderStatus(view, next, new Date()),
      data: {
        ...view,
        workspaces: shown,
        workspace_count: view.workspaces.length,
        truncated: hidden > 0,
        ...(view.approval === undefined ? {} : { approve_command: `${deps.config.startedAs} approve ${view.approval.id}` }),
        next,
      },
    };
  },
});

async function waitFor(
  deps: TerraformDeps,
  id: string,
  ms: number,
  signal: AbortSignal,
  onChange: (view: RunView) => void,
): Promise<RunView> {
  const deadline = Date.now() + ms;
  let view = await readRun(deps, id);
  let seen = printTally(view.workspaces);
  while (!needsAttention(view) && Date.now() < deadline && !signal.aborted) {
    await sleep(Math.min(POLL_MS, deadline - Date.now()), undefined, { signal }).catch(() => undefined);
    view = await readRun(deps, id);
    const tally = printTally(view.workspaces);
    if (tally !== seen) onChange(view);
    seen = tally;
  }
  return view;
}

/** Nothing more will happen by itself. */
function needsAttention(view: RunView): boolean {
  return !view.open || view.phase === "awaiting_approval" || view.phase === "blocked" || view.phase === "needs_version";
}
