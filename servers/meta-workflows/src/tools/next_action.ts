import { z } from "zod";
import { tool } from "../deps.ts";
import { nextAction } from "../runs/next-action.ts";
import { answerResult } from "../runs/render-answer.ts";
import { agent, agentOf, role, workflowId } from "./params.ts";

export const next_action = tool({
  name: "next_action",
  title: "Next action",
  description: "Waits for an action for you, in one run or any; takes over what nobody holds.",
  effect: "write",
  toolset: "runs",
  input: z.strictObject({
    workflow_id: workflowId.optional(),
    agent,
    role,
    wait_seconds: z.number().min(0).max(50).default(0),
  }),
  async run({ workflow_id, agent: given, role: of, wait_seconds }, deps, call) {
    const found = await nextAction(deps, {
      workflow_id,
      agent: agentOf(given, call),
      ...(of === undefined ? {} : { role: of }),
      waitMs: wait_seconds * 1_000,
      call: call.id,
      signal: call.signal,
    });
    return found === undefined
      ? { text: "No run waits for you.\nNext: list_runs {}", data: { status: "none", next: { tool: "list_runs", arguments: {} } } }
      : answerResult(found.workflow_id, found.answer);
  },
});
