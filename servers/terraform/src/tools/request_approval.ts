import { OpsError } from "@platform-ops/errors";
import { decideRun, type Ask, type ToolResult } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { tool } from "../deps.ts";
import { deliverDecision } from "../runs/deliver-decision.ts";
import { readRun } from "../runs/run-view.ts";
import { workflowId } from "./params.ts";

export const request_approval = tool({
  name: "request_approval",
  title: "Request approval",
  description:
    "Asks the person to approve or reject the plans that a run waits with: by a form where the client has forms and the policy allows it, else by naming the command that the person runs. " +
    "It never decides by itself, and no argument does. Next: get_workflow_status.",
  effect: "write",
  toolset: "runs",
  openWorld: false,
  asks: true,
  input: z.strictObject({ workflow_id: workflowId }),
  async run({ workflow_id }, deps, call): Promise<ToolResult | Ask> {
    const view = await readRun(deps, workflow_id);
    const { approvals } = await deps.ledger();
    if (view.approval === undefined)
      throw new OpsError("approval_not_found", `${workflow_id} waits for no approval now; its phase is ${view.phase}.`, {
        hint: "get_workflow_status shows what it does.",
      });
    const { startedAs } = deps.config;
    const port = {
      approvals,
      startedAs,
      deliver: deliverDecision.bind(undefined, deps),
      next: (of: string) => ({ tool: "get_workflow_status", arguments: { workflow_id: of, wait_seconds: 30 } }),
    };
    return await decideRun(port, view.approval.id, call);
  },
});
