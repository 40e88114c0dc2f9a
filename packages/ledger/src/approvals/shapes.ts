import { z } from "zod";
import { canonicalJson, sha256 } from "../canonical-json.ts";
import { CHANGE_KINDS } from "../settings/policy.ts";
import { type ApprovalRecord, type ApprovalRequest, type Decision } from "./approval.ts";
import { CHANNELS, type Channel } from "./channel.ts";

/** The namespace in which decisions are signed; a signature made for anything else does not count. */
export const SIGNATURE_NAMESPACE = "platform-ops-approval";

const time = z.iso.datetime({ precision: 3 });
const word = z
  .string()
  .min(1)
  .max(300)
  .regex(/^[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, "must not hold control characters");
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const FINGERPRINT = "SHA256:[A-Za-z0-9+/]{43}";

/** apr_ and a ULID, or another word of letters and digits. */
export const requestId = z.string().regex(/^apr_[0-9A-Za-z]{10,64}$/);

/** Names of whoever asks or decides; the part before the colon tells of what kind it is. */
const principal = z.union([
  z
    .string()
    .max(300)
    .regex(/^(agent|form):[^\p{Cc}\p{Cf}@]{1,200}@[^\p{Cc}\p{Cf}@]{1,64}$/u),
  z.string().regex(/^tty:[^\p{Cc}\p{Cf}@]{1,64}$/u),
  z.string().regex(new RegExp(`^key:${FINGERPRINT}(,${FINGERPRINT}){0,19}$`)),
  z.literal("policy:auto"),
]);

const subject = z
  .array(z.strictObject({ what: word, digest: z.string().regex(/^[A-Za-z0-9:+/=_-]{8,200}$/) }))
  .min(1)
  .max(1000)
  .refine((items) => items.every((item, index) => index === 0 || items[index - 1]!.what < item.what), "must be sorted by what, each once");

/** What is kept of a request and never changes; `digest` is computed from it. */
const requestFields = {
  id: requestId,
  server: word,
  run_id: word,
  kind: word,
  environment: word,
  requester: principal,
  subject,
  changes: z.record(word, z.array(z.enum(CHANGE_KINDS)).max(CHANGE_KINDS.length)).optional(),
  title: z.string().min(1).max(500),
  summary: z.string().max(20_000),
  details: hex(64).optional(),
  channels: z.array(z.enum(CHANNELS)).min(1).max(4),
  required: z.int().min(1).max(20),
  created_at: time,
  expires_at: time,
};
export const requestShape = z.strictObject(requestFields);

/** A decision as it arrives from outside: nothing is taken for granted. */
export const recordShape = z.strictObject({
  version: z.literal(1),
  request_id: requestId,
  request_digest: hex(64),
  run_id: word,
  decision: z.enum(["approved", "rejected"]),
  subject,
  requester: principal,
  approver: principal,
  channel: z.enum(CHANNELS),
  environment: word,
  reason: z.string().min(1).max(2000).optional(),
  decided_at: time,
  expires_at: time,
  nonce: hex(32),
  mac: z.strictObject({ key_id: hex(16), value: hex(64) }).optional(),
  signatures: z
    .array(
      z.strictObject({
        fingerprint: z.string().regex(new RegExp(`^${FINGERPRINT}$`)),
        principal: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9@._+-]{0,199}$/),
        signature: z.string().max(20_000),
      }),
    )
    .min(1)
    .max(20)
    .optional(),
});

/** The digest that binds all of a request. */
export function requestDigest(request: Omit<ApprovalRequest, "status" | "digest"> & { status?: unknown; digest?: unknown }): string {
  const { status: _status, digest: _digest, ...fields } = request;
  return sha256(canonicalJson(fields));
}

/** SHA-256 of a whole record; the id under which it is sent. */
export function recordDigest(record: ApprovalRecord): string {
  return sha256(canonicalJson(record));
}

/** The text that a key's holder signs. It is the same for all signers of one decision. */
export function signableText(request: ApprovalRequest, decision: Decision): string {
  const { id, digest, run_id, subject: items, requester, environment, expires_at, kind, title } = request;
  return `${canonicalJson({ purpose: SIGNATURE_NAMESPACE, version: 1, decision, request_id: id, request_digest: digest, run_id, kind, title, environment, requester, subject: items, expires_at })}\n`;
}

/** Which principals may speak through a channel. */
export const APPROVER_OF: Record<Channel, string> = { auto: "policy:", elicit: "form:", cli: "tty:", signed: "key:" };
