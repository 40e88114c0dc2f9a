import { z } from "zod";
import { tool } from "../deps.ts";
import { answerResult } from "../runs/render-answer.ts";
import { startRun } from "../runs/start-run.ts";
import { agent, agentOf, inputs, inputsOf, role } from "./params.ts";

export const start_workflow = tool({
  name: "start_workflow",
  title: "Start workflow",
  description: "Starts a runbook and answers with the first action. The same workflow_id with equal inputs is the same run.",
  effect: "write",
  toolset: "runs",
  idempotent: false,
  input: z.strictObject({
    workflow_name: z.string().min(1).max(200),
    inputs,
    workflow_id: z
      .string()
      .max(128)
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]*$/)
      .optional(),
    agent,
    role,
  }),
  async run(input, deps, call) {
    const entry = await deps.library.find(input.workflow_name);
    const { workflow_id, answer } = await startRun(deps, {
      entry,
      inputs: inputsOf(input.inputs),
      workflow_id: input.workflow_id,
      agent: agentOf(input.agent, call),
      role: input.role,
      requester: call.actor,
      call: call.id,
    });
    return answerResult(workflow_id, answer);
  },
});
