import { randomBytes } from "node:crypto";
import { OpsError, isOpsError } from "@platform-ops/errors";
import type { ApprovalAudit } from "./approval-audit.ts";
import type { ApprovalRequests } from "./approval-requests.ts";
import type { ApprovalRecord, ApprovalRequest, Decision, Principal } from "./approval.ts";
import type { Channel } from "./channel.ts";
import { checkChannel, keysNeeded } from "./channel-rules.ts";
import { recordDigest, signableText } from "./shapes.ts";
import { verifySignature } from "./ssh-signature.ts";
import type { Verifier } from "./verify-record.ts";

/** What decisions are made and kept with. */
export interface DecisionsParts extends Verifier {
  readonly requests: ApprovalRequests;
  readonly audit: ApprovalAudit;
}

/** Makes decisions: through a channel that somebody answers, or by signatures until there are enough. */
export class ApprovalDecisions {
  readonly #parts: DecisionsParts;

  constructor(parts: DecisionsParts) {
    this.#parts = parts;
  }

  async decide(input: {
    id: string;
    decision: Decision;
    channel: Exclude<Channel, "signed">;
    approver: Principal;
    reason?: string;
  }): Promise<ApprovalRecord> {
    return this.#parts.audit.refusing(
      { what: input.decision === "approved" ? "approve" : "reject", actor: input.approver, id: input.id },
      async () => {
        if ((input.channel as string) === "signed")
          throw new OpsError("approval_channel", "A signature decides by being added, not by being claimed.");
        const request = await this.#parts.requests.undecided(input.id);
        checkChannel(this.#parts.policy, request, input.channel, input.approver);
        return this.#mint(request, input);
      },
    );
  }

  async #mint(
    request: ApprovalRequest,
    decided: Pick<ApprovalRecord, "decision" | "channel" | "approver"> & { reason?: string; signatures?: ApprovalRecord["signatures"] },
  ): Promise<ApprovalRecord> {
    const reason = decided.reason?.trim().slice(0, 2000);
    const unsealed: ApprovalRecord = {
      version: 1,
      request_id: request.id,
      request_digest: request.digest,
      run_id: request.run_id,
      decision: decided.decision,
      subject: request.subject,
      requester: request.requester,
      approver: decided.approver,
      channel: decided.channel,
      environment: request.environment,
      ...(reason === undefined || reason === "" ? {} : { reason }),
      decided_at: this.#parts.now().toISOString(),
      expires_at: request.expires_at,
      nonce: randomBytes(16).toString("hex"),
      ...(decided.signatures === undefined ? {} : { signatures: decided.signatures }),
    };
    const record: ApprovalRecord = { ...unsealed, mac: { key_id: this.#parts.keys.id, value: this.#parts.files.recordMac(unsealed) } };
    if (!(await this.#parts.files.keepRecord(record))) throw new OpsError("approval_closed", "The request was decided meanwhile.");
    await this.#parts.audit.decided(request, {
      actor: record.approver,
      what: `${record.decision} by ${record.channel}`,
      outcome: record.decision,
      digest: recordDigest(record),
      ...(record.reason === undefined ? {} : { arguments: { reason: record.reason } }),
    });
    return record;
  }

  /** The canonical text to sign. */
  async signable(id: string, decision: Decision): Promise<string> {
    return signableText(await this.#parts.requests.get(id), decision);
  }

  async addSignature(
    id: string,
    decision: Decision,
    signature: string,
    principal: string,
  ): Promise<{ record?: ApprovalRecord; have: number; need: number }> {
    return this.#parts.audit.refusing(
      {
        what: decision === "approved" ? "sign approval" : "sign rejection",
        actor: principal === "" ? "key:unknown" : `key:${principal}`,
        id,
      },
      async () => {
        const { policy, dir } = this.#parts;
        const request = await this.#parts.requests.undecided(id);
        checkChannel(policy, request, "signed", "key:");
        const signers = policy.approvals.signed;
        if (signers === undefined) throw new OpsError("approval_channel", "The policy names no allowed signers.");
        const text = signableText(request, decision);
        const signer = await verifySignature(dir, signers, text, signature, principal);
        await this.#parts.files.keepSignature(id, decision, { ...signer, signature });
        const counted = await this.#counted(id, decision, text);
        const need = decision === "rejected" ? 1 : keysNeeded(policy, request);
        await this.#parts.audit.decided(request, {
          actor: `key:${signer.fingerprint}`,
          what: `sign ${decision}`,
          outcome: `${counted.length} of ${need}`,
          arguments: { signer: signer.principal },
        });
        if (counted.length < need) return { have: counted.length, need };
        const approver = `key:${counted.map(({ fingerprint }) => fingerprint).join(",")}`;
        const record = await this.#mint(request, { decision, channel: "signed", approver, signatures: counted });
        return { record, have: counted.length, need };
      },
    );
  }

  /** The kept signatures that count now, one a key, sorted by key; a key that was revoked meanwhile counts no more. */
  async #counted(id: string, decision: Decision, text: string) {
    const { dir, policy } = this.#parts;
    const byKey = new Map<string, { fingerprint: string; principal: string; signature: string }>();
    for (const kept of await this.#parts.files.signatures(id, decision)) {
      const signer = await verifySignature(dir, policy.approvals.signed!, text, kept.signature, kept.principal).catch((error: unknown) => {
        if (isOpsError(error) && error.code === "approval_invalid") return undefined;
        throw error;
      });
      if (signer !== undefined) byKey.set(signer.fingerprint, { ...signer, signature: kept.signature });
    }
    return [...byKey.keys()]
      .sort()
      .map((fingerprint) => byKey.get(fingerprint)!)
      .slice(0, 20);
  }
}
