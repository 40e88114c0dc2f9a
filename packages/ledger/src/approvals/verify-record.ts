import { OpsError } from "@platform-ops/errors";
import { canonicalJson } from "../canonical-json.ts";
import type { DataDirectory } from "../data-directory.ts";
import type { Keyring } from "../keys.ts";
import type { Policy } from "../settings/policy.ts";
import { type ApprovalFiles, type KeptRequest, sameText } from "./approval-files.ts";
import type { ApprovalRecord, SubjectItem } from "./approval.ts";
import { checkChannel, keysNeeded } from "./channel-rules.ts";
import { recordDigest, recordShape, signableText } from "./shapes.ts";
import { verifySignature } from "./ssh-signature.ts";

/** How far the clocks of two machines may differ. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/** What the checks look at. */
export interface Verifier {
  readonly dir: DataDirectory;
  readonly keys: Keyring;
  readonly policy: Policy;
  readonly files: ApprovalFiles;
  readonly now: () => Date;
}

/**
 * Every check of a decision. Nothing in the record is believed before its MAC was.
 * @throws OpsError as `Approvals.verify` says.
 */
export async function verifyRecord(
  verifier: Verifier,
  given: ApprovalRecord,
  expected: { run_id: string; item?: SubjectItem },
): Promise<void> {
  const record = checkShapeAndMac(verifier, given);
  const request = await verifier.files.request(record.request_id);
  checkBelongsTo(record, request, expected);
  checkTime(record, verifier.now());
  checkChannel(verifier.policy, request, record.channel, record.approver);
  if (record.channel === "signed") await checkSignatures(verifier, record, request);
  else if (record.signatures !== undefined) throw new OpsError("approval_invalid", `A decision by ${record.channel} bears no signatures.`);
  await checkIsTheDecision(verifier, record);
}

/** A record in the right shape, made by the holder of this directory's keys, and unaltered since. */
export function checkShapeAndMac({ keys, files }: Pick<Verifier, "keys" | "files">, given: unknown): ApprovalRecord {
  const shape = recordShape.safeParse(given);
  if (!shape.success) throw new OpsError("approval_invalid", "This is no approval record.");
  const record = shape.data as ApprovalRecord;
  if (record.mac === undefined) throw new OpsError("approval_invalid", "The approval record has no MAC.");
  if (record.mac.key_id !== keys.id)
    throw new OpsError(
      "approval_invalid",
      `The approval record was made with key ${record.mac.key_id}, which is not this data directory's.`,
    );
  if (!sameText(record.mac.value, files.recordMac(record)))
    throw new OpsError("approval_invalid", "The approval record is forged, or was altered after it was made.");
  return record;
}

function checkBelongsTo(record: ApprovalRecord, request: KeptRequest, expected: { run_id: string; item?: SubjectItem }): void {
  const bound = ["run_id", "requester", "environment", "expires_at", "subject"] as const;
  if (record.request_digest !== request.digest || bound.some((field) => canonicalJson(record[field]) !== canonicalJson(request[field]))) {
    throw new OpsError("approval_mismatch", "The approval record does not say what its request says.");
  }
  if (record.run_id !== expected.run_id)
    throw new OpsError("approval_mismatch", `The approval is for run ${record.run_id}, not for ${expected.run_id}.`);
  const { item } = expected;
  if (item === undefined) return;
  if (record.decision !== "approved") throw new OpsError("approval_invalid", "The request was rejected.");
  const approved = record.subject.find(({ what }) => what === item.what);
  if (approved === undefined) throw new OpsError("approval_mismatch", `${item.what} is not among what was approved.`);
  if (approved.digest !== item.digest)
    throw new OpsError("approval_mismatch", `What was approved for ${item.what} is not what would be done now.`);
}

function checkTime(record: ApprovalRecord, now: Date): void {
  if (Date.parse(record.expires_at) <= now.getTime())
    throw new OpsError("approval_expired", `The approval expired at ${record.expires_at}.`);
  if (Date.parse(record.decided_at) > now.getTime() + CLOCK_SKEW_MS) {
    throw new OpsError(
      "approval_invalid",
      `The decision bears a time in the future (${record.decided_at}); this machine's clock says ${now.toISOString()}.`,
      { hint: "Correct the clock." },
    );
  }
}

async function checkSignatures(verifier: Verifier, record: ApprovalRecord, request: KeptRequest): Promise<void> {
  const signers = verifier.policy.approvals.signed;
  if (signers === undefined) throw new OpsError("approval_channel", "The policy names no allowed signers.");
  const text = signableText({ ...request, status: "open" }, record.decision);
  const fingerprints = new Set<string>();
  for (const { signature, principal, fingerprint } of record.signatures ?? []) {
    const signer = await verifySignature(verifier.dir, signers, text, signature, principal);
    if (signer.fingerprint !== fingerprint)
      throw new OpsError("approval_invalid", "A signature was made by another key than the record says.");
    fingerprints.add(fingerprint);
  }
  const need = record.decision === "rejected" ? 1 : keysNeeded(verifier.policy, request);
  if (fingerprints.size < need) throw new OpsError("approval_invalid", `${need} distinct keys must sign; ${fingerprints.size} did.`);
  if (record.approver !== `key:${[...fingerprints].sort().join(",")}`)
    throw new OpsError("approval_invalid", "The record names other approvers than its signatures.");
}

/** One decision a request: a second record, however well made, is not it. */
async function checkIsTheDecision({ files }: Verifier, record: ApprovalRecord): Promise<void> {
  const kept = await files.record(record.request_id);
  if (kept !== undefined && recordDigest(kept) !== recordDigest(record))
    throw new OpsError("approval_invalid", "The request was decided by another record.");
  const closed = await files.closed(record.request_id);
  if (closed !== undefined && closed !== record.decision) throw new OpsError("approval_closed", `The request is closed: ${closed}.`);
}
