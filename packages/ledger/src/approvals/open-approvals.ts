import { randomBytes } from "node:crypto";
import { OpsError, isOpsError } from "@platform-ops/errors";
import { ulid } from "ulid";
import type { ArtifactStore } from "../artifacts.ts";
import type { AuditLog } from "../audit.ts";
import { canonicalJson } from "../canonical-json.ts";
import type { DataDirectory } from "../data-directory.ts";
import type { Keyring } from "../keys.ts";
import type { Policy } from "../settings/policy.ts";
import { ApprovalFiles, type KeptRequest } from "./approval-files.ts";
import type {
  ApprovalRecord,
  ApprovalRequest,
  Approvals,
  Decision,
  NewApprovalRequest,
  Principal,
  RequestStatus,
  SubjectItem,
} from "./approval.ts";
import type { Channel } from "./channel.ts";
import { channelsOf, checkChannel, environmentByName, keysNeeded } from "./channel-rules.ts";
import { recordDigest, requestDigest, requestShape, signableText } from "./shapes.ts";
import { verifySignature } from "./ssh-signature.ts";
import { CLOCK_SKEW_MS, verifyRecord } from "./verify-record.ts";

/** What approvals are kept and judged with. */
export interface ApprovalsDeps {
  readonly dir: DataDirectory;
  readonly keys: Keyring;
  /** This process's own policy; it judges, whatever a client believed. */
  readonly policy: Policy;
  readonly audit: AuditLog;
  readonly artifacts: ArtifactStore;
  /** The clock; tests give another one. */
  readonly now?: () => Date;
}

/** Opens the approvals of a data directory. */
export function openApprovals(deps: ApprovalsDeps): Approvals {
  return new FileApprovals(deps);
}

class FileApprovals implements Approvals {
  readonly #deps: ApprovalsDeps;
  readonly #files: ApprovalFiles;

  constructor(deps: ApprovalsDeps) {
    this.#deps = deps;
    this.#files = new ApprovalFiles(deps.dir, deps.keys);
  }

  #now = (): Date => this.#deps.now?.() ?? new Date();

  async request(input: NewApprovalRequest): Promise<ApprovalRequest> {
    const fields = this.#fieldsOf(input);
    const known = input.id === undefined ? undefined : await this.#files.request(input.id).catch(ignoreUnknown);
    if (known === undefined) {
      this.#checkOpenTime(fields);
      const digest = requestDigest(fields);
      if (await this.#files.keepRequest({ ...fields, digest })) {
        const { id, run_id: target, requester: actor, title } = fields;
        await this.#deps.audit.append({
          kind: "approval_requested",
          actor,
          what: "request",
          target,
          digest,
          outcome: "open",
          id,
          arguments: { title },
        });
        return this.get(id);
      }
    }
    const kept = known ?? (await this.#files.request(fields.id));
    if (requestDigest({ ...fields, created_at: kept.created_at }) !== kept.digest)
      throw new OpsError("already_exists", `Another approval request is called ${fields.id}.`);
    return this.get(fields.id);
  }

  /** What is kept of a request: with the channels that this process's policy accepts of those that were asked for. */
  #fieldsOf(input: NewApprovalRequest): Omit<KeptRequest, "digest"> {
    const accepted = channelsOf(environmentByName(this.#deps.policy, input.environment));
    const channels = accepted.filter((channel) => input.channels.includes(channel));
    if (channels.length === 0)
      throw new OpsError(
        "approval_channel",
        `Environment ${input.environment} is decided by ${accepted.join(" or ")}; the request asks for none of them.`,
      );
    const now = this.#now();
    const fields = {
      ...input,
      id: input.id ?? `apr_${ulid(now.getTime())}`,
      channels,
      subject: sorted(input.subject),
      created_at: now.toISOString(),
    };
    const shape = requestShape.safeParse(fields);
    if (!shape.success)
      throw new OpsError(
        "invalid_input",
        `The approval request is not well formed: ${shape.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")}.`,
      );
    return fields;
  }

  #checkOpenTime({ created_at, expires_at }: { created_at: string; expires_at: string }): void {
    const { hours } = this.#deps.policy.approvals;
    const open = Date.parse(expires_at) - Date.parse(created_at);
    if (open <= 0 || open > hours * 3_600_000 + CLOCK_SKEW_MS)
      throw new OpsError("invalid_input", `expires_at must lie within the next ${hours} hours.`);
  }

  async get(id: string): Promise<ApprovalRequest> {
    return this.#withStatus(await this.#files.request(id));
  }

  async #withStatus(request: KeptRequest): Promise<ApprovalRequest> {
    return { ...request, status: await this.#status(request) };
  }

  async #status(request: KeptRequest): Promise<RequestStatus> {
    const closed = await this.#files.closed(request.id);
    if (closed !== undefined) return closed;
    const record = await this.#files.record(request.id);
    if (record !== undefined) return record.decision;
    return Date.parse(request.expires_at) <= this.#now().getTime() ? "expired" : "open";
  }

  async list(filter: { status?: RequestStatus; run_id?: string } = {}): Promise<ApprovalRequest[]> {
    const found: ApprovalRequest[] = [];
    for (const id of await this.#files.requestIds()) {
      // One damaged file must not hide the others; whoever names it is told.
      const request = await this.get(id).catch(() => undefined);
      if (request === undefined) continue;
      if (
        (filter.status === undefined || request.status === filter.status) &&
        (filter.run_id === undefined || request.run_id === filter.run_id)
      )
        found.push(request);
    }
    return found;
  }

  async decided(): Promise<string[]> {
    return this.#files.recordIds();
  }

  async close(id: string, status: RequestStatus): Promise<void> {
    const request = await this.get(id);
    if (request.status === status) return;
    const isDecided = request.status === "approved" || request.status === "rejected";
    if (status === "open" || status === "approved" || (status === "rejected" && isDecided)) {
      throw new OpsError("invalid_input", `A request is not made ${status} by closing it.`, {
        hint: "Decide it through one of its channels.",
      });
    }
    // An approval has an expiry of its own; that its time passed afterwards takes nothing back.
    if (isDecided && status === "expired") return;
    await this.#files.close(id, status, this.#now().toISOString());
    await this.#record(request, { actor: "policy:auto", what: "close", outcome: status });
  }

  async decide(input: {
    id: string;
    decision: Decision;
    channel: Exclude<Channel, "signed">;
    approver: Principal;
    reason?: string;
  }): Promise<ApprovalRecord> {
    return this.#refusing({ what: input.decision === "approved" ? "approve" : "reject", actor: input.approver, id: input.id }, async () => {
      if ((input.channel as string) === "signed")
        throw new OpsError("approval_channel", "A signature decides by being added, not by being claimed.");
      const request = await this.#openRequest(input.id);
      checkChannel(this.#deps.policy, request, input.channel, input.approver);
      return this.#mint(request, input);
    });
  }

  /** A request that may be decided now. */
  async #openRequest(id: string): Promise<ApprovalRequest> {
    const request = await this.get(id);
    if (request.status === "expired")
      throw new OpsError("approval_expired", `The request expired at ${request.expires_at}.`, {
        hint: "Start the run again for a new request.",
      });
    if (request.status !== "open") throw new OpsError("approval_closed", `The request is ${request.status} already.`);
    const now = this.#now();
    if (now.getTime() < Date.parse(request.created_at) - CLOCK_SKEW_MS) {
      throw new OpsError(
        "approval_invalid",
        `The request was made at ${request.created_at}, but this machine's clock says ${now.toISOString()}.`,
        { hint: "Correct the clock." },
      );
    }
    return request;
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
      decided_at: this.#now().toISOString(),
      expires_at: request.expires_at,
      nonce: randomBytes(16).toString("hex"),
      ...(decided.signatures === undefined ? {} : { signatures: decided.signatures }),
    };
    const record: ApprovalRecord = { ...unsealed, mac: { key_id: this.#deps.keys.id, value: this.#files.recordMac(unsealed) } };
    if (!(await this.#files.keepRecord(record))) throw new OpsError("approval_closed", "The request was decided meanwhile.");
    await this.#record(request, {
      actor: record.approver,
      what: `${record.decision} by ${record.channel}`,
      outcome: record.decision,
      digest: recordDigest(record),
      ...(record.reason === undefined ? {} : { arguments: { reason: record.reason } }),
    });
    return record;
  }

  async signable(id: string, decision: Decision): Promise<string> {
    return signableText(await this.get(id), decision);
  }

  async addSignature(
    id: string,
    decision: Decision,
    signature: string,
    principal: string,
  ): Promise<{ record?: ApprovalRecord; have: number; need: number }> {
    return this.#refusing(
      {
        what: decision === "approved" ? "sign approval" : "sign rejection",
        actor: principal === "" ? "key:unknown" : `key:${principal}`,
        id,
      },
      async () => {
        const { policy, dir } = this.#deps;
        const request = await this.#openRequest(id);
        checkChannel(policy, request, "signed", "key:");
        const signers = policy.approvals.signed;
        if (signers === undefined) throw new OpsError("approval_channel", "The policy names no allowed signers.");
        const text = signableText(request, decision);
        const signer = await verifySignature(dir, signers, text, signature, principal);
        await this.#files.keepSignature(id, decision, { ...signer, signature });
        const counted = await this.#counted(id, decision, text);
        const need = decision === "rejected" ? 1 : keysNeeded(policy, request);
        await this.#record(request, {
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
    const { dir, policy } = this.#deps;
    const byKey = new Map<string, { fingerprint: string; principal: string; signature: string }>();
    for (const kept of await this.#files.signatures(id, decision)) {
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

  async records(id: string): Promise<ApprovalRecord[]> {
    await this.#files.request(id);
    const record = await this.#files.record(id);
    return record === undefined ? [] : [record];
  }

  async verify(record: ApprovalRecord, expected: { run_id: string; item?: SubjectItem }): Promise<void> {
    await this.#refusing(
      {
        what: "verify",
        actor: nameIn(record, "approver"),
        id: nameIn(record, "request_id"),
        target: expected.item?.what ?? expected.run_id,
      },
      async () => verifyRecord(this.#verifier(), record, expected),
    );
  }

  async consume(record: ApprovalRecord, item: SubjectItem, consumer: string): Promise<void> {
    await this.#refusing(
      { what: "use", actor: nameIn(record, "approver"), id: nameIn(record, "request_id"), target: item.what },
      async () => {
        await verifyRecord(this.#verifier(), record, { run_id: record.run_id, item });
        const use = {
          request_id: record.request_id,
          item: { what: item.what, digest: item.digest },
          record: recordDigest(record),
          consumer: consumer.slice(0, 500),
          at: this.#now().toISOString(),
        };
        const before = await this.#files.use(use);
        if (before !== undefined && (before.consumer !== use.consumer || before.record !== use.record)) {
          throw new OpsError("approval_used", `The approval of ${item.what} was used at ${before.at} by ${before.consumer}.`);
        }
      },
    );
  }

  async usedAt(id: string, item: SubjectItem): Promise<string | undefined> {
    return (await this.#files.usedBy(id, { what: item.what, digest: item.digest }))?.at;
  }

  async sweep({ kind, expiredBefore }: { kind: string; expiredBefore: Date }): Promise<number> {
    let swept = 0;
    for (const id of await this.#files.requestIds()) {
      const request = await this.#files.request(id).catch(() => undefined);
      if (request === undefined || request.kind !== kind || Date.parse(request.expires_at) >= expiredBefore.getTime()) continue;
      await this.#files.remove(request);
      swept += 1;
    }
    return swept;
  }

  #verifier() {
    const { dir, keys, policy } = this.#deps;
    return { dir, keys, policy, files: this.#files, now: this.#now };
  }

  /** Puts every refusal on record before it is told. */
  async #refusing<T>(context: { what: string; actor: string; id: string; target?: string }, attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt();
    } catch (error) {
      const code = isOpsError(error) ? error.code : "unexpected";
      const why = isOpsError(error) ? { arguments: { why: error.message } } : {};
      await this.#deps.audit.append({ kind: "approval_refused", outcome: "refused", code, ...why, ...context });
      throw error;
    }
  }

  async #record(
    request: KeptRequest,
    entry: { actor: string; what: string; outcome: string; digest?: string; arguments?: unknown },
  ): Promise<void> {
    await this.#deps.audit.append({ kind: "decision", id: request.id, target: request.run_id, digest: request.digest, ...entry });
  }
}

function sorted(subject: readonly SubjectItem[]): SubjectItem[] {
  return [...subject].sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0));
}

function ignoreUnknown(error: unknown): undefined {
  if (isOpsError(error) && error.code === "approval_not_found") return undefined;
  throw error;
}

/** A field of what may be no record at all, for the audit. */
function nameIn(record: unknown, field: "approver" | "request_id"): string {
  const value = typeof record === "object" && record !== null ? (record as Record<string, unknown>)[field] : undefined;
  return typeof value === "string" ? value.slice(0, 200) : `unknown ${canonicalJson(field)}`;
}
