import { z } from "zod";
import { tool } from "../deps.ts";
import { readReport, readRun } from "../runs/read-run.ts";
import { messagesTo } from "../runs/run-messages.ts";
import { workflowId } from "./params.ts";

export const get_workflow_state = tool({
  name: "get_workflow_state",
  title: "Get workflow state",
  description: "State, finished and remaining steps.",
  effect: "read",
  toolset: "sub-agents",
  input: z.strictObject({ workflow_id: workflowId }),
  async run({ workflow_id }, deps) {
    const { memo, end, status } = await readRun(deps, workflow_id);
    const current_step = end === undefined ? memo.current_step : null;
    const report = end === undefined ? undefined : await readReport(await deps.ledger(), workflow_id);
    const kept: RunState | undefined =
      end === undefined
        ? ((await messagesTo(deps, workflow_id).state()) as unknown as RunState)
        : report && { state: report.state, inputs: report.inputs, completed_steps: report.steps, remaining_steps: [] };
    const data = {
      workflow_id,
      status,
      current_step,
      state: kept?.state ?? memo.state ?? null,
      inputs: kept?.inputs ?? null,
      completed_steps: kept?.completed_steps ?? [],
      remaining_steps: kept?.remaining_steps ?? [],
    };
    return {
      text: `${workflow_id}: ${status}, step ${current_step ?? "none"}; done: ${data.completed_steps.join(", ") || "none"}; to do: ${data.remaining_steps.join(", ") || "none"}\nState: ${JSON.stringify(data.state).slice(0, 6_000)}`,
      data,
    };
  },
});

interface RunState {
  readonly state: unknown;
  readonly inputs: unknown;
  readonly completed_steps: readonly string[];
  readonly remaining_steps: readonly string[];
}
