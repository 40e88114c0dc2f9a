import { OpsError, isOpsError } from "@platform-ops/errors";
import { ulid } from "ulid";
import type { Policy } from "../settings/policy.ts";
import type { ApprovalAudit } from "./approval-audit.ts";
import type { ApprovalFiles, KeptRequest } from "./approval-files.ts";
import type { ApprovalRequest, NewApprovalRequest, RequestStatus, SubjectItem } from "./approval.ts";
import { channelsOf, environmentByName } from "./channel-rules.ts";
import { requestDigest, requestShape } from "./shapes.ts";
import { CLOCK_SKEW_MS } from "./verify-record.ts";

/** What requests are kept and judged with. */
export interface RequestsParts {
  readonly files: ApprovalFiles;
  readonly policy: Policy;
  readonly audit: ApprovalAudit;
  now(): Date;
}

/** What was asked for, and where each request stands. */
export class ApprovalRequests {
  readonly #parts: RequestsParts;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
  }

  async request(input: NewApprovalRequest): Promise<ApprovalRequest> {
    const fields = this.#fieldsOf(input);
    const known = input.id === undefined ? undefined : await this.#parts.files.request(input.id).catch(ignoreUnknown);
    if (known === undefined) {
      this.#checkOpenTime(fields);
      const digest = requestDigest(fields);
      if (await this.#parts.files.keepRequest({ ...fields, digest })) {
        await this.#parts.audit.requested({ ...fields, digest });
        return this.get(fields.id);
      }
    }
    const kept = known ?? (await this.#parts.files.request(fields.id));
    if (requestDigest({ ...fields, created_at: kept.created_at }) !== kept.digest)
      throw new OpsError("already_exists", `Another approval request is called ${fields.id}.`);
    return this.get(fields.id);
  }

  /** What is kept of a request: with the channels that this process's policy accepts of those that were asked for. */
  #fieldsOf(input: NewApprovalRequest): Omit<KeptRequest, "digest"> {
    const accepted = channelsOf(environmentByName(this.#parts.policy, input.environment));
    const channels = accepted.filter((channel) => input.channels.includes(channel));
    if (channels.length === 0)
      throw new OpsError(
        "approval_channel",
        `Environment ${input.environment} is decided by ${accepted.join(" or ")}; the request asks for none of them.`,
      );
    const now = this.#parts.now();
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
    const { hours } = this.#parts.policy.approvals;
    const open = Date.parse(expires_at) - Date.parse(created_at);
    if (open <= 0 || open > hours * 3_600_000 + CLOCK_SKEW_MS)
      throw new OpsError("invalid_input", `expires_at must lie within the next ${hours} hours.`);
  }

  async get(id: string): Promise<ApprovalRequest> {
    return this.#withStatus(await this.#parts.files.request(id));
  }

  async #withStatus(request: KeptRequest): Promise<ApprovalRequest> {
    return { ...request, status: await this.#status(request) };
  }

  async #status(request: KeptRequest): Promise<RequestStatus> {
    const closed = await this.#parts.files.closed(request.id);
    if (closed !== undefined) return closed;
    const record = await this.#parts.files.record(request.id);
    if (record !== undefined) return record.decision;
    return Date.parse(request.expires_at) <= this.#parts.now().getTime() ? "expired" : "open";
  }

  async list(filter: { status?: RequestStatus; run_id?: string } = {}): Promise<ApprovalRequest[]> {
    const found: ApprovalRequest[] = [];
    for (const id of await this.#parts.files.requestIds()) {
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

  /** Ids of the requests on which there is a decision, newest first. */
  async decided(): Promise<string[]> {
    return this.#parts.files.recordIds();
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
    await this.#parts.files.close(id, status, this.#parts.now().toISOString());
    await this.#parts.audit.decided(request, { actor: "policy:auto", what: "close", outcome: status });
  }

  /** A request that may be decided now. */
  async undecided(id: string): Promise<ApprovalRequest> {
    const request = await this.get(id);
    if (request.status === "expired")
      throw new OpsError("approval_expired", `The request expired at ${request.expires_at}.`, {
        hint: "Start the run again for a new request.",
      });
    if (request.status !== "open") throw new OpsError("approval_closed", `The request is ${request.status} already.`);
    const now = this.#parts.now();
    if (now.getTime() < Date.parse(request.created_at) - CLOCK_SKEW_MS) {
      throw new OpsError(
        "approval_invalid",
        `The request was made at ${request.created_at}, but this machine's clock says ${now.toISOString()}.`,
        { hint: "Correct the clock." },
      );
    }
    return request;
  }

  async sweep({ kind, expiredBefore }: { kind: string; expiredBefore: Date }): Promise<number> {
    let swept = 0;
    for (const id of await this.#parts.files.requestIds()) {
      const request = await this.#parts.files.request(id).catch(() => undefined);
      if (request === undefined || request.kind !== kind || Date.parse(request.expires_at) >= expiredBefore.getTime()) continue;
      await this.#parts.files.remove(request);
      swept += 1;
    }
    return swept;
  }
}

function sorted(subject: readonly SubjectItem[]): SubjectItem[] {
  return [...subject].sort((a, b) => (a.what < b.what ? -1 : a.what > b.what ? 1 : 0));
}

function ignoreUnknown(error: unknown): undefined {
  if (isOpsError(error) && error.code === "approval_not_found") return undefined;
  throw error;
}
