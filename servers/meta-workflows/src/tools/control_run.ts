import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { tool } from "../deps.ts";
import { answerResult } from "../runs/render-answer.ts";
import { messagesTo } from "../runs/run-messages.ts";
import type { Control } from "../worker/run-contract.ts";
import { agent, agentOf, role, workflowId } from "./params.ts";

const input = z.strictObject({
  workflow_id: workflowId,
  command: z.enum(["pause", "resume", "cancel", "reassign", "release"]),
  compensate: z.boolean().default(false).describe("cancel: undo what was done."),
  action_id: z.string().max(500).optional(),
  agent,
  role,
  reason: z.string().max(500).optional(),
});

export const control_run = tool({
  name: "control_run",
  title: "Control run",
  description: "Pauses, resumes or cancels a run; reassigns an action, or releases it to anybody.",
  effect: "destroy",
  toolset: "runs",
  input,
  async run(given, deps, call) {
    const answer = await messagesTo(deps, given.workflow_id).control(controlOf(given, call.actor, agentOf(given.agent, call)), call.id);
    return answerResult(given.workflow_id, answer);
  },
});

function controlOf(given: z.infer<typeof input>, by: string, to: ReturnType<typeof agentOf>): Control {
  const { command, action_id, role: of, reason } = given;
  const said = { by, ...(reason === undefined ? {} : { reason }) };
  if (command === "pause" || command === "resume") return { command, ...said };
  if (command === "cancel") return { command, mode: given.compensate ? "compensate" : "stop", ...said };
  if (action_id === undefined)
    throw new OpsError("invalid_input", `${command} needs action_id.`, { hint: "get_workflow_status names the open actions." });
  if (command === "release") return { command, action_id, ...said };
  return {
    command,
    action_id,
    ...(given.agent === undefined && of !== undefined ? {} : { agent: to }),
    ...(of === undefined ? {} : { role: of }),
    ...said,
  };
}
