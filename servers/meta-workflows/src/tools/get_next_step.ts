import { z } from "zod";
import { tool } from "../deps.ts";
import { nextAction } from "../runs/next-action.ts";
import { actionText } from "../runs/render-answer.ts";
import { agent, agentOf, role, workflowId } from "./params.ts";

export const get_next_step = tool({
  name: "get_next_step",
  title: "Get next step",
  description: "For sub-agents: the step to do, of one's role.",
  effect: "write",
  toolset: "sub-agents",
  input: z.strictObject({ workflow_id: workflowId, agent, role }),
  async run({ workflow_id, agent: given, role: of }, deps, call) {
    const found = await nextAction(deps, {
      workflow_id,
      agent: agentOf(given, call),
      ...(of === undefined ? {} : { role: of }),
      // One at a time: several of one role share what is open.
      limit: 1,
      waitMs: 0,
      call: call.id,
      signal: call.signal,
    });
    const answer = found?.answer;
    const [action] = answer?.actions ?? [];
    if (action !== undefined)
      return {
        text: actionText(action),
        // The action's id, so that what is sent back by it is of this item and attempt, also when it is sent twice.
        data: { status: "pending_step", step: { ...action, step_id: action.action_id }, final_result: null, error: null },
      };
    const end = answer?.end;
    if (end === undefined)
      return {
        text: "There is no step for you now.",
        data: { status: "waiting", step: null, final_result: null, error: null, waiting_for: answer?.waiting_for ?? [] },
      };
    const isDone = end.status === "completed";
    return {
      text: isDone
        ? `Complete: ${JSON.stringify(end.output ?? null)}`
        : `It ended: ${end.status}${end.error === undefined ? "" : `, ${end.error.message}`}`,
      data: {
        status: isDone ? "complete" : "error",
        step: null,
        final_result: end.output ?? null,
        error: end.error ?? null,
        outcome: end.status,
      },
    };
  },
});
