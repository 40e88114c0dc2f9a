import type { ChangeKind } from "../settings/policy.ts";
import type { Channel } from "./channel.ts";

/** agent:<client>@<user> | form:<client>@<user> | tty:<user> | key:<fingerprint>[,<fingerprint>…] | policy:auto */
export type Principal = string;

/** One thing that is asked for: a plan, a command on a target, a step; and the digest of exactly that. */
export interface SubjectItem {
  /** For example "terraform:vpc". */
  what: string;
  digest: string;
}

export type Decision = "approved" | "rejected";
export type RequestStatus = "open" | "approved" | "rejected" | "expired" | "superseded";

/** What a run asks a person for. All but `status` never changes and is bound by `digest`. */
export interface ApprovalRequest {
  /** apr_<ulid> */
  id: string;
  server: string;
  run_id: string;
  /** "apply", "destroy", … */
  kind: string;
  environment: string;
  requester: Principal;
  /** Sorted by `what`. */
  subject: SubjectItem[];
  /** Per `what` the kinds of change; the channel `auto` needs it. */
  changes?: Record<string, ChangeKind[]>;
  title: string;
  /** A few lines, masked, shown to a person. */
  summary: string;
  /** Digest of the artifact with the full text to show. */
  details?: string;
  channels: Channel[];
  /** How many distinct keys must sign. */
  required: number;
  created_at: string;
  expires_at: string;
  status: RequestStatus;
  /** SHA-256 of canonicalJson of the fields that never change. */
  digest: string;
}

/** One SSH signature over the canonical text of a decision. */
export interface RecordSignature {
  /** SHA256:… of the signing key. */
  fingerprint: string;
  /** The name under which the allowed-signers file knows the key. */
  principal: string;
  /** In the armour of `ssh-keygen -Y sign`. */
  signature: string;
}

/** A decision. It travels whole; whoever acts on it verifies it first. */
export interface ApprovalRecord {
  version: 1;
  request_id: string;
  request_digest: string;
  run_id: string;
  decision: Decision;
  subject: SubjectItem[];
  requester: Principal;
  approver: Principal;
  channel: Channel;
  environment: string;
  reason?: string;
  decided_at: string;
  expires_at: string;
  nonce: string;
  mac?: { key_id: string; value: string };
  signatures?: RecordSignature[];
}

/** What is needed for a new request. */
export type NewApprovalRequest = Omit<ApprovalRequest, "id" | "digest" | "status" | "created_at"> & { id?: string };

/** Requests, decisions, and the checking of them. Every refusal is audited (kind `approval_refused`). */
export interface Approvals {
  /** Keeps a request. The same request under the same id is fine (a retry). */
  request(input: NewApprovalRequest): Promise<ApprovalRequest>;
  /** @throws OpsError `approval_not_found`, or `approval_invalid` when the stored request was altered. */
  get(id: string): Promise<ApprovalRequest>;
  /** Newest first. */
  list(filter?: { status?: RequestStatus; run_id?: string }): Promise<ApprovalRequest[]>;
  /** Ids of the requests on which there is a decision, newest first: one look into one folder. */
  decided(): Promise<string[]>;
  /** Ends a request without a decision, or marks a decided one as superseded. */
  close(id: string, status: RequestStatus): Promise<void>;
  /** Mints and keeps the decision: once. */
  decide(input: {
    id: string;
    decision: Decision;
    channel: "elicit" | "cli" | "auto";
    approver: Principal;
    reason?: string;
  }): Promise<ApprovalRecord>;
  /** The canonical text to sign with `ssh-keygen -Y sign -n platform-ops-approval`. */
  signable(id: string, decision: Decision): Promise<string>;
  /** Counts a signature after `ssh-keygen -Y verify`; the one that completes the number mints the record. `principal` may be empty: the allowed-signers file is asked. */
  addSignature(
    id: string,
    decision: Decision,
    signature: string,
    principal: string,
  ): Promise<{ record?: ApprovalRecord; have: number; need: number }>;
  /** The decision on a request, if there is one. */
  records(id: string): Promise<ApprovalRecord[]>;
  /**
   * Every check of a decision, by this process's own policy. With `item`, also that it approves exactly that.
   * @throws OpsError `approval_not_found`, `approval_invalid`, `approval_mismatch`, `approval_expired`, `approval_channel`, `approval_closed`.
   */
  verify(record: ApprovalRecord, expected: { run_id: string; item?: SubjectItem }): Promise<void>;
  /** Uses an approval for one item, once. The same consumer again is fine (a retry). @throws OpsError `approval_used`. */
  consume(record: ApprovalRecord, item: SubjectItem, consumer: string): Promise<void>;
  /** When the approval of an item was used; undefined: it was not. */
  usedAt(id: string, item: SubjectItem): Promise<string | undefined>;
  /** Takes away requests of a kind that expired before a time, with their decisions. The audit keeps what was decided. @returns how many */
  sweep(options: { kind: string; expiredBefore: Date }): Promise<number>;
}

/** Kind of the requests that ask for one command on one machine: nothing waits for the decision, the next equal call finds it. */
export const COMMAND_REQUEST = "command";
