import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { tool } from "../deps.ts";
import { messagesTo } from "../runs/run-messages.ts";
import { refusalError } from "../worker/refusal-failure.ts";
import { submitResult } from "../runs/submit.ts";
import { agent, agentOf, role, workflowId } from "./params.ts";

export const submit_step_result = tool({
  name: "submit_step_result",
  title: "Submit step result",
  description: "For sub-agents: reports a step, by step_id or action_id.",
  effect: "write",
  toolset: "sub-agents",
  input: z.strictObject({ workflow_id: workflowId, step_id: z.string().min(1).max(500), result: z.unknown(), agent, role }),
  async run({ workflow_id, step_id, result, agent: given, role: of }, deps, call) {
    const asking = { agent: agentOf(given, call), ...(of === undefined ? {} : { role: of }) };
    const { actions, held, end } = await messagesTo(deps, workflow_id).look(asking);
    // By the step's name only what this agent was given: a result that is sent twice is not another item's.
    const mine = actions.filter(
      (action) => action.action_id === step_id || (action.step_id === step_id && held.includes(action.action_id)),
    );
    if (mine.length > 1)
      throw new OpsError("action_ambiguous", `${mine.length} open actions are of step ${step_id}.`, {
        hint: `Give one of these as step_id: ${mine.map(({ action_id }) => action_id).join(", ")}`,
      });
    const [action] = mine;
    // One that is over: its receipt answers, where it is the same result.
    const target = action?.action_id ?? (step_id.includes("#") ? step_id : `${step_id}#1`);
    const attempt = action === undefined || end !== undefined ? {} : { attempt_id: action.attempt.id };
    const answer = await submitResult(
      deps,
      workflow_id,
      // It takes nothing else for an agent that may be through.
      {
        ...asking,
        limit: 0,
        named: given !== undefined,
        outcome: "completed",
        result: (result ?? null) as Json,
        action_id: target,
        ...attempt,
      },
      call.id,
    );
    const { refusal, receipt } = answer;
    const message = refusal?.message ?? (receipt?.replayed === true ? "It was accepted before." : "Accepted.");
    return {
      text: message,
      data: {
        status: refusal === undefined ? "accepted" : "error",
        message,
        workflow_status: answer.status,
        ...(receipt === undefined ? {} : { receipt }),
      },
      ...(refusal === undefined ? {} : { failure: refusalError(refusal) }),
    };
  },
});
