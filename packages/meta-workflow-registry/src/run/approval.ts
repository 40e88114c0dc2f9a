import type { Json, Milliseconds } from "../definition/definition.ts";

/** What a person is asked to decide; the digest of `bind` is what is decided. */
export interface ApprovalDraft {
  readonly path: string;
  readonly step_id: string;
  readonly title: string;
  readonly subject: Json;
  readonly bind: Json;
  readonly show?: Json;
  readonly environment?: string;
  readonly required: number;
  readonly wait_at_most: Milliseconds;
  /** The request that was approved before; what it bound has changed since. */
  readonly instead_of?: string;
}

export interface ApprovalDecision {
  readonly decision: "approved" | "rejected" | "timed_out" | "cancelled";
  /** Digest of what was bound. */
  readonly digest: string;
  readonly request_id?: string;
  readonly by?: string;
  readonly reason?: string;
  /** The signed record, whole, for whoever acts by it. */
  readonly record?: Json;
}
