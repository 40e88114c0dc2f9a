import { isOpsError, OpsError } from "@platform-ops/errors";
import { waysToDecide, type ApprovalRecord, type ApprovalRequest, type Approvals } from "@platform-ops/ledger";
import type { Ask, Call, ToolResult } from "../tool.ts";
import { decideByForm, minute } from "./decide-by-form.ts";

/** What asking about a waiting run needs of its server. */
export interface RunDecisionPort {
  readonly approvals: Approvals;
  /** How this bin is started. */
  readonly startedAs: string;
  /** Gives a kept decision to the run; resolves to what the run answered, a line. */
  deliver(record: ApprovalRecord): Promise<string>;
  /** The next call after a decision. */
  next(workflow_id: string): { readonly tool: string; readonly arguments: Readonly<Record<string, unknown>> };
}

/**
 * Asks a person to decide what a run waits with, or hands over a decision that is kept already. Never decides by itself.
 * @throws OpsError approval_not_found, approval_closed, and what delivery throws
 */
export async function decideRun(port: RunDecisionPort, id: string, call: Call): Promise<ToolResult | Ask> {
  const { approvals } = port;
  const request = await approvals.get(id);
  const kept =
    request.status === "open" ? undefined : (await approvals.records(id)).findLast((record) => record.decision === request.status);
  if (kept !== undefined) return await handOver(port, kept);
  if (request.status !== "open")
    throw new OpsError("approval_closed", `${id} is ${request.status} already.`, {
      hint: "get_workflow_status shows how the run goes on.",
    });
  const end = await decideByForm(approvals, request, call);
  if (end.how === "ask") return end.ask;
  return end.how === "decided" ? await handOver(port, end.record) : stillOpen(port, call, request, end.because);
}

/** Gives a kept decision to the run that waits for it; one that did not arrive is given again by the next call. */
async function handOver(port: RunDecisionPort, record: ApprovalRecord): Promise<ToolResult> {
  const { run_id: workflow_id, request_id: approval, decision: status, approver } = record;
  const answered = await port.deliver(record).catch((error: unknown) => {
    if (!isOpsError(error) || !error.retryable) throw error;
    throw new OpsError(error.code, `${approval} is ${status} by ${approver}, but the run does not know it yet: ${error.message}`, {
      hint: `The decision is kept. Call request_approval again: it asks nobody, and hands the decision over. ${error.hint}`,
      details: { ...error.details, approval, status },
      retryable: true,
    });
  });
  const next = port.next(workflow_id);
  return {
    text: `${status} by ${approver}: ${answered}.\nNext: ${next.tool} ${JSON.stringify(next.arguments)}`,
    data: { workflow_id, approval, status, approver, answered, next },
  };
}

/** Still open: says why, and how else it can be decided. */
function stillOpen(port: RunDecisionPort, call: Call, request: ApprovalRequest, why: string): ToolResult {
  const { startedAs } = port;
  const ways = waysToDecide(request, startedAs, call.canAsk ? "call request_approval again" : undefined);
  return {
    text: `${why} The request ${request.id} stays open until ${minute(request.expires_at)} UTC. A person can decide it:\n${ways.map((way) => `- ${way}`).join("\n")}`,
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
