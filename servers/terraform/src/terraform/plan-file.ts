import { createHash } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";

import { OpsError } from "@platform-ops/errors";

// Format: PKWARE APPNOTE 6.3.9, §4.3.12 (central directory header) and §4.3.16 (its end record); terraform's plan file
// is a plain zip with the members tfplan, tfstate, tfstate-prev, tfconfig/… and .terraform.lock.hcl.
const END_RECORD = 0x06054b50;
const CENTRAL_HEADER = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const MAX_MEMBER_BYTES = 256 * 1024 * 1024;

const notReadable = (why: string): OpsError =>
  new OpsError("artifact_missing", `The plan file cannot be read: ${why}.`, { hint: "Plan anew." });

/** The members of a zip whose names `isWanted` takes, in their order. Throws `artifact_missing` on what is no zip. */
export function readZipMembers(zip: Buffer, isWanted: (name: string) => boolean): Map<string, Buffer> {
  try {
    return findMembers(zip, isWanted);
  } catch (cause) {
    if (cause instanceof RangeError) throw notReadable("it is cut off");
    throw cause;
  }
}

function findMembers(zip: Buffer, isWanted: (name: string) => boolean): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  const least = Math.max(0, zip.length - 22 - 0xffff);
  let end = zip.length - 22;
  while (end >= least && zip.readUInt32LE(end) !== END_RECORD) end -= 1;
  if (end < least || end < 0) throw notReadable("it is no zip (an encrypted plan cannot be looked into)");
  const entries = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  for (let entry = 0; entry < entries; entry += 1) {
    if (zip.readUInt32LE(at) !== CENTRAL_HEADER) throw notReadable("its directory is damaged");
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    if (isWanted(name)) members.set(name, readMember(zip, at));
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return members;
}

function readMember(zip: Buffer, header: number): Buffer {
  const method = zip.readUInt16LE(header + 10);
  const packed = zip.readUInt32LE(header + 20);
  const size = zip.readUInt32LE(header + 24);
  const local = zip.readUInt32LE(header + 42);
  if (zip.readUInt32LE(local) !== LOCAL_HEADER) throw notReadable("a member is damaged");
  if (size > MAX_MEMBER_BYTES) throw new OpsError("too_large", "A member of the plan file is larger than 256 MB.");
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const bytes = zip.subarray(start, start + packed);
  if (bytes.length !== packed) throw notReadable("it is cut off");
  if (method === 0) return Buffer.from(bytes);
  if (method !== 8) throw notReadable(`it uses compression method ${method}`);
  try {
    return inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
  } catch (cause) {
    throw new OpsError("artifact_missing", "The plan file cannot be read: a member does not unpack.", { hint: "Plan anew.", cause });
  }
}

/** Which state a plan was made from; the lineage of a state that did not exist yet is null. */
export interface PriorState {
  readonly lineage: string | null;
  readonly serial: number;
}

/** Serial and lineage of a state file's text (format version 4). Throws `state_damaged` on what is no state. */
export function parseStateHeader(text: string): PriorState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new OpsError("state_damaged", text.trim() === "" ? "The state is empty (0 bytes)." : "The state is not JSON.", { cause });
  }
  const state = (typeof value === "object" && value !== null ? value : {}) as { serial?: unknown; lineage?: unknown };
  if (typeof state.serial !== "number") throw new OpsError("state_damaged", "The state has no serial.");
  return { serial: state.serial, lineage: typeof state.lineage === "string" && state.lineage !== "" ? state.lineage : null };
}

/** The prior state that a plan file carries in its member `tfstate`. Throws `artifact_missing`. */
export async function readPriorState(planFile: string): Promise<PriorState> {
  const member = readZipMembers(await readFile(planFile), (name) => name === "tfstate").get("tfstate");
  if (member === undefined) throw notReadable("it has no member tfstate");
  return parseStateHeader(member.toString("utf8"));
}

/**
 * Whether the configuration inside a plan declares an ephemeral variable: its value is not in the plan and has to be given
 * again when the plan is applied. In doubt (JSON syntax) true: giving equal values again is accepted.
 */
export async function hasEphemeralVariables(planFile: string): Promise<boolean> {
  const files = readZipMembers(await readFile(planFile), (name) => name.startsWith("tfconfig/m-/"));
  return [...files.values()].some((bytes) => /\bephemeral"?\s*[=:]\s*true\b/.test(bytes.toString("utf8")));
}

/** SHA-256 of a file, hex; null where it does not exist. */
export async function fileSha256(path: string): Promise<string | null> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return null;
  const hash = createHash("sha256");
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}
