import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { OpsError } from "@platform-ops/errors";
import type { Keyring } from "./keys.ts";

const VERSION = 1;
const KEY_ID_BYTES = 8;
/** NIST SP 800-38D: 96-bit IVs and 128-bit tags for AES-GCM. */
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + IV_BYTES;

/**
 * Encrypts and authenticates with AES-256-GCM: version, key id, IV, tag, ciphertext. `aad` says where the result belongs;
 * it is not kept in it, and the same text must be given to `unseal`.
 */
export function seal(keys: Keyring, plaintext: Uint8Array, aad: string): Buffer {
  const header = Buffer.concat([Buffer.from([VERSION]), Buffer.from(keys.id, "hex"), randomBytes(IV_BYTES)]);
  const cipher = createCipheriv("aes-256-gcm", keys.encryption, header.subarray(1 + KEY_ID_BYTES), { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.concat([header, Buffer.from(aad, "utf8")]));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, cipher.getAuthTag(), body]);
}

/**
 * Inverse of `seal`.
 * @throws OpsError `key_missing` when another key sealed it, `artifact_missing` when it is cut, altered, of an unknown
 * version, or belongs elsewhere (another `aad`).
 */
export function unseal(keys: Keyring, sealed: Uint8Array, aad: string): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEADER_BYTES + TAG_BYTES || bytes[0] !== VERSION)
    throw new OpsError("artifact_missing", "Sealed data is cut off or of an unknown version.");
  const keyId = bytes.subarray(1, 1 + KEY_ID_BYTES).toString("hex");
  if (keyId !== keys.id) throw new OpsError("key_missing", `Sealed data needs key ${keyId}; this data directory has ${keys.id}.`);
  const header = bytes.subarray(0, HEADER_BYTES);
  try {
    const decipher = createDecipheriv("aes-256-gcm", keys.encryption, header.subarray(1 + KEY_ID_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.concat([header, Buffer.from(aad, "utf8")]));
    decipher.setAuthTag(bytes.subarray(HEADER_BYTES, HEADER_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new OpsError("artifact_missing", "Sealed data was altered or belongs elsewhere.", { cause: error });
  }
}

/** HMAC-SHA256 under the directory's key, in hex: a digest that tells nothing to who has no key. */
export function keyedDigest(keys: Keyring, bytes: Uint8Array | string): string {
  return createHmac("sha256", keys.mac).update(bytes).digest("hex");
}
