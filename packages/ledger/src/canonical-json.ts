import { createHash } from "node:crypto";
import { OpsError } from "@platform-ops/errors";

const MAX_DEPTH = 200;

/**
 * One text for one value: JSON with sorted keys (by UTF-16 unit) and no whitespace, as RFC 8785 has it, so that digests,
 * MACs and signatures do not depend on how an object came to be. Properties that are undefined are left out.
 * @throws OpsError `invalid_input` for what JSON cannot hold (NaN, functions, holes in lists, cycles), `too_large` over 200 levels.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 0);
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) throw new OpsError("too_large", `A value is nested over ${MAX_DEPTH} levels, or contains itself.`);
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new OpsError("invalid_input", "A number that is not finite cannot be written as JSON.");
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw new OpsError("invalid_input", `A ${typeof value} cannot be written as JSON.`);
  if (Array.isArray(value)) return `[${Array.from(value, (item: unknown) => write(item, depth + 1)).join(",")}]`;
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") return write((value as { toJSON(): unknown }).toJSON(), depth + 1);
  const fields = value as Record<string, unknown>;
  const parts: string[] = [];
  for (const key of Object.keys(fields).sort()) {
    if (fields[key] !== undefined) parts.push(`${JSON.stringify(key)}:${write(fields[key], depth + 1)}`);
  }
  return `{${parts.join(",")}}`;
}

/** SHA-256 in hex. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
