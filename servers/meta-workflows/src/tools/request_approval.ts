import { isOpsError, OpsError } from "@platform-ops/errors";
import { waysToDecide, type ApprovalRecord, type ApprovalRequest } from "@platform-ops/ledger";
import type { Ask, Call, ToolResult } from "@platform-ops/mcp-kit";
import { z } from "zod";
import { tool, type MetaWorkflowsDeps } from "../deps.ts";
import { deliverDecision } from "../runs/deliver-decision.ts";
import { printTime } from "../runs/print-time.ts";
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
    const request = await approvals.get(waiting_for.approval);
    const kept =
      request.status === "open"
        ? undefined
        : (await approvals.records(request.id)).findLast((record) => record.decision === request.status);
    if (kept !== undefined) return await handOver(deps, kept);
    if (request.status !== "open")
      throw new OpsError("approval_closed", `${request.id} is ${request.status} already.`, {
        hint: "get_workflow_status shows how the run goes on.",
      });
    if (call.refusedAnswer !== undefined) return stillOpen(deps, call, request, `The answer was not believed: ${call.refusedAnswer}.`);
    if (!request.channels.includes("elicit"))
      return stillOpen(deps, call, request, `In the environment "${request.environment}" forms do not count.`);
    if (call.answer === undefined) {
      return call.canAsk
        ? { ask: { message: formText(request), schema: FORM, binding: request.digest } }
        : stillOpen(deps, call, request, "This client has no forms.");
    }
    const { action, content, note } = call.answer;
    if (action !== "accept")
      return stillOpen(
        deps,
        call,
        request,
        note ?? `The form was ${action === "decline" ? "declined" : "closed without an answer"}; that decides nothing.`,
      );
    const decision = content?.["decision"];
    if (decision !== "approve" && decision !== "reject") return stillOpen(deps, call, request, "The form came back without a decision.");
    const reason = content?.["reason"];
    const record = await approvals.decide({
      id: request.id,
      decision: decision === "approve" ? "approved" : "rejected",
      channel: "elicit",
      approver: `form:${call.client.name}@${deps.config.user}`,
      ...(typeof reason === "string" && reason.trim() !== "" ? { reason: reason.slice(0, 500) } : {}),
    });
    return await handOver(deps, record);
  },
});

/** Gives a kept decision to the run that waits for it; one that did not arrive is given again by the next call. */
async function handOver(deps: MetaWorkflowsDeps, record: ApprovalRecord): Promise<ToolResult> {
  const { run_id: workflow_id, request_id: approval, decision: status, approver } = record;
  const answered = await deliverDecision(deps, record).catch((error: unknown) => {
    if (!isOpsError(error) || !error.retryable) throw error;
    throw new OpsError(error.code, `${approval} is ${status} by ${approver}, but the run does not know it yet: ${error.message}`, {
      hint: `The decision is kept. Call request_approval again: it asks nobody, and hands the decision over. ${error.hint}`,
      details: { ...error.details, approval, status },
      retryable: true,
    });
  });
  const next = { tool: "next_action", arguments: { workflow_id, wait_seconds: 30 } };
  return {
    text: `${status} by ${approver}: ${answered}.\nNext: next_action ${JSON.stringify(next.arguments)}`,
    data: { workflow_id, approval, status, approver, answered, next },
  };
}

/** Flat and small: what every client is known to draw. */
const FORM = {
  type: "object",
  properties: {
    decision: { type: "string", title: "Decision", enum: ["approve", "reject"] },
    reason: { type: "string", title: "Reason (optional)", maxLength: 500 },
  },
  required: ["decision"],
} as const;

function formText(request: ApprovalRequest): string {
  return `${request.title}\n${request.summary}\n\nEnvironment: ${request.environment}. Asked by ${request.requester}. Valid until ${printTime(request.expires_at)} UTC. Request ${request.id}, digest ${request.digest.slice(0, 16)}.`;
}

/** Still open: says why, and how else it can be decided. */
function stillOpen(deps: MetaWorkflowsDeps, call: Call, request: ApprovalRequest, why: string): ToolResult {
  const { startedAs } = deps.config;
  const ways = waysToDecide(request, startedAs, call.canAsk ? "call request_approval again" : undefined);
  return {
    text: `${why} The request ${request.id} stays open until ${printTime(request.expires_at)} UTC. A person can decide it:\n${ways.map((way) => `- ${way}`).join("\n")}`,
    data: {
      workflow_id: request.run_id,
      approval: request.id,
      status: "open",
      because: why,
      ways,
      approve_command: `${startedAs} approve ${request.id}`,
      expires_at: request.expires_at,
    },
  };
}
