import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { tool } from "../deps.ts";
import { answerResult } from "../runs/render-answer.ts";
import { retryRun } from "../runs/retry-run.ts";
import { messagesTo } from "../runs/run-messages.ts";
import { eventValue } from "../runs/event-value.ts";
import type { Control } from "../worker/run-contract.ts";
import { agentId, agentOf, role, workflowId } from "./params.ts";

const input = z.strictObject({
  workflow_id: workflowId,
  command: z.enum(["pause", "resume", "cancel", "retry_from", "event", "reassign", "release"]),
  compensate: z.boolean().default(false).describe("cancel: undo what was done."),
  step: z.string().max(200).optional(),
  action_id: z.string().max(500).optional(),
  event: z.string().max(200).optional(),
  value: z.unknown().optional(),
  agent: agentId.optional(),
  role,
  reason: z.string().max(500).optional(),
});

export const control_run = tool({
  name: "control_run",
  title: "Control run",
  description:
    "Pauses, resumes or cancels a run; takes a failed one up again from a step; reassigns or releases an action; tells an event.",
  effect: "destroy",
  toolset: "runs",
  input,
  async run(given, deps, call) {
    const { workflow_id, command, step, reason } = given;
    const to = agentOf(given.agent, call);
    const answer =
      command === "retry_from"
        ? await retryRun(deps, { workflow_id, step, by: call.actor, reason, agent: to, call: call.id })
        : await messagesTo(deps, workflow_id).control(controlOf({ ...given, command }, call.actor, to), call.id);
    return answerResult(workflow_id, answer);
  },
});

function eventOf({ event, value }: z.infer<typeof input>): { readonly event: string; readonly value: Json } {
  if (event === undefined || event === "")
    throw new OpsError("invalid_input", "event needs the event's name.", { hint: "get_workflow_status names those that are waited for." });
  return { event, value: eventValue((value ?? null) as Json) };
}

type Given = z.infer<typeof input> & { readonly command: Control["command"] };

function controlOf(given: Given, by: string, to: ReturnType<typeof agentOf>): Control {
  const { command, action_id, role: of, reason } = given;
  const said = { by, ...(reason === undefined ? {} : { reason }) };
  if (command === "pause" || command === "resume") return { command, ...said };
  if (command === "cancel") return { command, mode: given.compensate ? "compensate" : "stop", ...said };
  if (command === "event") return { command, ...eventOf(given), ...said };
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
