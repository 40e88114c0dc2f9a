import { createHash, randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import type { DataDirectory } from "./data-directory.ts";
import { readPrivate, writeDurably } from "./durable-file.ts";

/** The keys of a data directory: one to seal, one to authenticate. */
export interface Keyring {
  /** 16 hex digits, derived from both keys, so that a damaged file is noticed. */
  readonly id: string;
  /** 32 bytes, AES-256-GCM. */
  readonly encryption: Buffer;
  /** 32 bytes, HMAC-SHA256. */
  readonly mac: Buffer;
}

/**
 * Opens the keys of a data directory; makes them when it has none yet. Any number of processes may do so at once: all get
 * the same keys.
 * @throws OpsError `key_missing` when keys were made before and are gone or damaged; they are never made anew then.
 */
export async function openKeys(dir: DataDirectory): Promise<Keyring> {
  const made = await readPrivate(marker(dir), 1024);
  if (made !== undefined) return load(dir, made.toString("utf8").trim());
  const left = await keysLeft(dir);
  if (left.length === 0 && (await holdsSealedThings(dir))) throw lost(dir, "keys/ is empty although sealed artifacts are there");
  const id = left[0] ?? (await make(dir));
  const won = await writeDurably(marker(dir), `${id}\n`, { mode: "once", flushDirectory: true });
  if (won) return load(dir, id);
  const winner = (await readPrivate(marker(dir), 1024))?.toString("utf8").trim() ?? "";
  if (winner !== id && left.length === 0) await rm(keyFile(dir, id), { force: true });
  return load(dir, winner);
}

const marker = (dir: DataDirectory): string => dir.path("keys", "made");
const keyFile = (dir: DataDirectory, id: string): string => dir.path("keys", `${id}.json`);

function idOf(encryption: Buffer, mac: Buffer): string {
  return createHash("sha256").update("platform-ops key\n").update(encryption).update(mac).digest("hex").slice(0, 16);
}

async function make(dir: DataDirectory): Promise<string> {
  const encryption = randomBytes(32);
  const mac = randomBytes(32);
  const id = idOf(encryption, mac);
  const text = JSON.stringify({
    version: 1,
    id,
    created_at: new Date().toISOString(),
    encryption: encryption.toString("base64"),
    mac: mac.toString("base64"),
  });
  await writeDurably(keyFile(dir, id), `${text}\n`, { mode: "once", flushDirectory: true });
  return id;
}

/** A crash between the key's file and the marker leaves a key that is as good as any. */
async function keysLeft(dir: DataDirectory): Promise<string[]> {
  const names = await readdir(dir.path("keys"));
  return names.flatMap((name) => /^([0-9a-f]{16})\.json$/.exec(name)?.[1] ?? []).sort();
}

async function holdsSealedThings(dir: DataDirectory): Promise<boolean> {
  for (const shelf of await readdir(dir.path("artifacts"), { withFileTypes: true })) {
    if (shelf.isDirectory() && (await readdir(dir.path("artifacts", shelf.name))).some((name) => /^[0-9a-f]{64}$/.test(name))) return true;
  }
  return false;
}

async function load(dir: DataDirectory, id: string): Promise<Keyring> {
  if (!/^[0-9a-f]{16}$/.test(id)) throw lost(dir, "keys/made is damaged");
  const bytes = await readPrivate(keyFile(dir, id), 4096);
  if (bytes === undefined) throw lost(dir, `key ${id} is gone`);
  const { encryption, mac } = decode(bytes) ?? {};
  if (encryption?.length !== 32 || mac?.length !== 32 || idOf(encryption, mac) !== id) throw lost(dir, `key ${id} is damaged`);
  return { id, encryption, mac };
}

function decode(bytes: Buffer): { encryption: Buffer; mac: Buffer } | undefined {
  try {
    const parsed = JSON.parse(bytes.toString("utf8")) as { encryption?: unknown; mac?: unknown };
    return { encryption: Buffer.from(String(parsed.encryption), "base64"), mac: Buffer.from(String(parsed.mac), "base64") };
  } catch {
    return undefined;
  }
}

function lost(dir: DataDirectory, what: string): OpsError {
  return new OpsError("key_missing", `The keys of ${dir.root} were made before, but ${what}.`);
}
