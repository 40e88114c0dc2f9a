import type { ApprovalRecord, ApprovalRequest, Approvals } from "@platform-ops/ledger";
import type { Ask, Call } from "../tool.ts";

/** What came of asking by a form: the question itself, a decision, or why the request still waits. */
export type FormEnd =
  | { readonly how: "ask"; readonly ask: Ask }
  | { readonly how: "waits"; readonly because: string }
  | { readonly how: "decided"; readonly record: ApprovalRecord };

/** Flat and small: what every client is known to draw. */
const FORM = {
  type: "object",
  properties: {
    decision: { type: "string", title: "Decision", enum: ["approve", "reject"] },
    reason: { type: "string", title: "Reason (optional)", maxLength: 500 },
  },
  required: ["decision"],
} as const;

/**
 * Puts a request to the person behind the client, or takes the answer that came back. Only an accepted form with a decision
 * decides. Who answered is the client that called, for the same principal.
 * @throws OpsError what approvals refuse
 */
export async function decideByForm(approvals: Approvals, request: ApprovalRequest, call: Call): Promise<FormEnd> {
  const waits = (because: string): FormEnd => ({ how: "waits", because });
  if (call.refusedAnswer !== undefined) return waits(`The answer was not believed: ${call.refusedAnswer}.`);
  if (!request.channels.includes("elicit")) return waits(`In the environment "${request.environment}" forms do not count.`);
  if (call.answer === undefined) {
    return call.canAsk
      ? { how: "ask", ask: { ask: { message: formText(request), schema: FORM, binding: request.digest } } }
      : waits("This client has no forms.");
  }
  const { action, content, note, binding } = call.answer;
  if (binding !== request.digest) return waits("The answer was for another request.");
  if (action !== "accept")
    return waits(note ?? `The form was ${action === "decline" ? "declined" : "closed without an answer"}; that decides nothing.`);
  const decision = content?.["decision"];
  if (decision !== "approve" && decision !== "reject") return waits("The form came back without a decision.");
  const reason = content?.["reason"];
  const record = await approvals.decide({
    id: request.id,
    decision: decision === "approve" ? "approved" : "rejected",
    channel: "elicit",
    approver: call.actor.replace(/^agent:/, "form:"),
    ...(typeof reason === "string" && reason.trim() !== "" ? { reason: reason.slice(0, 500) } : {}),
  });
  return { how: "decided", record };
}

function formText(request: ApprovalRequest): string {
  return `${request.title}\n${request.summary}\n\nEnvironment: ${request.environment}. Asked by ${request.requester}. Valid until ${minute(request.expires_at)} UTC. Request ${request.id}, digest ${request.digest.slice(0, 16)}.`;
}

/** `2025-11-21 15:04`, of an ISO time. */
export function minute(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}
