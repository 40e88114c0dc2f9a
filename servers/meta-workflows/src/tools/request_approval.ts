import { OpsError } from "@platform-ops/errors";
import { decideRun, type Ask, type ToolResult } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { tool } from "../deps.ts";
import { deliverDecision } from "../runs/deliver-decision.ts";
import { readRun } from "../runs/read-run.ts";
import { workflowId } from "./params.ts";

export const request_approval = tool({
  name: "request_approval",
  title: "Request approval",
  description: "Asks the person to decide what the run waits with; never decides.",
  effect: "write",
  toolset: "runs",
  openWorld: false,
  asks: true,
  input: z.strictObject({ workflow_id: workflowId }),
  async run({ workflow_id }, deps, call): Promise<ToolResult | Ask> {
    const { memo, end } = await readRun(deps, workflow_id);
    const { approvals } = await deps.ledger();
    const waiting_for = end === undefined ? memo.waiting_for.find(({ approval }) => approval !== undefined) : undefined;
    if (waiting_for?.approval === undefined)
      throw new OpsError("approval_not_found", `${workflow_id} waits for no approval now.`, {
        hint: "get_workflow_status shows what it does.",
      });
    const { startedAs } = deps.config;
    const port = {
      approvals,
      startedAs,
      deliver: deliverDecision.bind(undefined, deps),
      next: (of: string) => ({ tool: "next_action", arguments: { workflow_id: of, wait_seconds: 30 } }),
    };
    return await decideRun(port, waiting_for.approval, call);
  },
});
