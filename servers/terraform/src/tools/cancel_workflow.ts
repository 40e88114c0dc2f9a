import { z } from "zod";
import { tool } from "../deps.ts";
import { readRun } from "../runs/run-view.ts";
import { SIGNAL_CANCEL } from "../worker/run-contract.ts";
import { workflowId } from "./params.ts";

export const cancel_workflow = tool({
  name: "cancel_workflow",
  title: "Cancel workflow",
  description:
    "Cancels a run. mode drain (the default) starts nothing new and lets running applies finish. mode stop also interrupts running applies once: " +
    "what a provider was just creating may then be lost from the state, so use it only when waiting is worse. Next: get_workflow_status.",
  effect: "write",
  toolset: "runs",
  input: z.strictObject({ workflow_id: workflowId, mode: z.enum(["drain", "stop"]).default("drain").describe("drain or stop.") }),
  async run({ workflow_id, mode }, deps) {
    const view = await readRun(deps, workflow_id);
    const next = { tool: "get_workflow_status", arguments: { workflow_id, wait_seconds: 30 } };
    if (!view.open)
      return {
        text: `${workflow_id} has ended already: ${view.phase}.`,
        data: { workflow_id, status: view.status, phase: view.phase, cancelled: false, next },
      };
    const orchestration = await deps.orchestration({ worker: true });
    await orchestration.signal(workflow_id, SIGNAL_CANCEL, { mode });
    const effect = mode === "drain" ? "nothing new starts; what is being applied finishes" : "what is being applied was interrupted once";
    return {
      text: `${workflow_id} is being cancelled (${mode}): ${effect}.\nNext: get_workflow_status ${JSON.stringify(next.arguments)}`,
      data: { workflow_id, status: view.status, phase: "cancelling", mode, cancelled: true, next },
    };
  },
});
