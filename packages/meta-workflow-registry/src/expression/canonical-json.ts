import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

// The same text as the ledger's canonicalJson gives (RFC 8785), without node's modules: workflow code needs it too.

const MAX_DEPTH = 200;

/**
 * One text for one JSON value: sorted keys (by UTF-16 unit), no whitespace; undefined properties are left out.
 * @throws TypeError for what JSON cannot hold, and over 200 levels.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new TypeError(`A value is nested over ${MAX_DEPTH} levels, or contains itself.`);
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError("A number that is not finite cannot be written as JSON.");
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new TypeError(`A ${typeof value} cannot be written as JSON.`);
  if (Array.isArray(value)) return `[${Array.from(value, (item: unknown) => write(item, depth + 1)).join(",")}]`;
  const fields = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const key of Object.keys(fields).toSorted()) {
    if (fields[key] !== undefined) parts.push(`${JSON.stringify(key)}:${write(fields[key], depth + 1)}`);
  }
  return `{${parts.join(",")}}`;
}

/** SHA-256 of a text's UTF-8 bytes, hexadecimal. */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** SHA-256 of the canonical JSON of a value, hexadecimal: the same for the same value, wherever it was made. */
export function digestOf(value: unknown): string {
  return sha256Hex(canonicalJson(value));
}
