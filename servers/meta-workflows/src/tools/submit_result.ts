import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { z } from "zod";
import { tool } from "../deps.ts";
import { answerResult } from "../runs/render-answer.ts";
import { submitResult } from "../runs/submit.ts";
import { agent, agentOf, note, role, workflowId } from "./params.ts";

export const submit_result = tool({
  name: "submit_result",
  title: "Submit result",
  description: "Reports an action's result; the server checks it and answers with the next action. progress renews the lease.",
  effect: "write",
  toolset: "runs",
  input: z.strictObject({
    workflow_id: workflowId,
    result: z.unknown(),
    action_id: z.string().max(500).optional(),
    attempt_id: z.string().max(100).optional(),
    outcome: z.enum(["completed", "failed", "blocked", "declined", "needs_human", "progress"]).default("completed"),
    note,
    agent,
    role,
  }),
  async run(input, deps, call) {
    const { workflow_id, action_id, attempt_id } = input;
    const answer = await submitResult(
      deps,
      workflow_id,
      {
        agent: agentOf(input.agent, call),
        named: input.agent !== undefined,
        outcome: input.outcome,
        result: (input.result ?? null) as Json,
        ...(input.role === undefined ? {} : { role: input.role }),
        ...(action_id === undefined ? {} : { action_id }),
        ...(attempt_id === undefined ? {} : { attempt_id }),
        ...(input.note === undefined ? {} : { note: input.note }),
      },
      call.id,
    );
    return answerResult(workflow_id, answer);
  },
});
