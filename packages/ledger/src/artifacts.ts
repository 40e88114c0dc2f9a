import { link, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import { canonicalJson } from "./canonical-json.ts";
import type { DataDirectory } from "./data-directory.ts";
import { UNFINISHED, errno, makePrivateDirectory, readPrivate, readPrivateStart, writeDurably } from "./durable-file.ts";
import type { Keyring } from "./keys.ts";
import { keyedDigest, seal, unseal } from "./seal.ts";

/** What a writer may say about an artifact. */
export interface ArtifactOptions {
  /** A word for people who look at the store. */
  readonly kind?: string;
  /** After it the artifact is as good as gone, and the next sweep deletes it. */
  readonly expiresAt?: Date;
}

/** Where configurations, plans, logs, outputs and everything else large or secret is kept, encrypted, named by digest. */
export interface ArtifactStore {
  /** Keeps bytes; returns their name, 64 hex digits. The same bytes have the same name; the later expiry wins. */
  put(bytes: Uint8Array | string, options?: ArtifactOptions): Promise<string>;
  /** @throws OpsError `artifact_missing` (gone, expired, altered), `key_missing`. */
  get(digest: string): Promise<Buffer>;
  getJson<T>(digest: string): Promise<T>;
  /** Keeps a value as canonical JSON, so that equal values have one name. */
  putJson(value: unknown, options?: ArtifactOptions): Promise<string>;
  has(digest: string): Promise<boolean>;
  delete(digest: string): Promise<void>;
  /**
   * Deletes what has expired, and what is not in `keep` and older than `olderThanMs`; also what crashes left unfinished.
   * @returns how many artifacts were deleted.
   */
  sweep(options: { keep: ReadonlySet<string>; olderThanMs: number; now?: Date }): Promise<number>;
}

const MAX_BYTES = 256 * 1024 * 1024;
const UNFINISHED_AFTER_MS = 3_600_000;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * File format: expiry in ms since 1970 (8 bytes big-endian, 0: none), the kind's length (1 byte), the kind in ASCII, then
 * what `seal` gives. What stands before the seal is authenticated by it.
 */
const EXPIRY_BYTES = 8;
const PREFIX_BYTES = EXPIRY_BYTES + 1;

/** Opens the artifact store of a data directory. */
export function openArtifacts(dir: DataDirectory, keys: Keyring): ArtifactStore {
  const shelf = (digest: string): string => dir.path("artifacts", digest.slice(0, 2));
  const file = (digest: string): string => {
    if (!DIGEST.test(digest)) throw new OpsError("artifact_missing", "An artifact's name is 64 hexadecimal digits.");
    return dir.path("artifacts", digest.slice(0, 2), digest);
  };

  const store: ArtifactStore = {
    async put(bytes, options = {}) {
      const plain = typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes;
      if (plain.byteLength > MAX_BYTES)
        throw new OpsError("too_large", `An artifact has ${plain.byteLength} bytes; the bound is ${MAX_BYTES}.`);
      const digest = keyedDigest(keys, plain);
      const expiry = options.expiresAt?.getTime() ?? 0;
      if (await kept(file(digest), digest, expiry)) return digest;
      await makePrivateDirectory(shelf(digest));
      const prefix = prefixOf(expiry, options.kind ?? "");
      await writeDurably(file(digest), Buffer.concat([prefix, seal(keys, plain, aad(digest, prefix))]), { mode: "replace" });
      return digest;
    },

    async get(digest) {
      const bytes = await readPrivate(file(digest), MAX_BYTES + 1024);
      if (bytes === undefined) throw new OpsError("artifact_missing", `Artifact ${short(digest)} is gone.`);
      const prefix = bytes.subarray(0, PREFIX_BYTES + (bytes[EXPIRY_BYTES] ?? 0));
      const plain = unseal(keys, bytes.subarray(prefix.length), aad(digest, prefix));
      if (keyedDigest(keys, plain) !== digest) throw new OpsError("artifact_missing", `Artifact ${short(digest)} does not match its name.`);
      const expiry = Number(prefix.readBigUInt64BE(0));
      if (expiry !== 0 && expiry <= Date.now())
        throw new OpsError("artifact_missing", `Artifact ${short(digest)} expired at ${new Date(expiry).toISOString()}.`);
      return plain;
    },

    async getJson<T>(digest: string) {
      const text = (await store.get(digest)).toString("utf8");
      try {
        return JSON.parse(text) as T;
      } catch (error) {
        throw new OpsError("artifact_missing", `Artifact ${digest.slice(0, 12)}… holds no JSON.`, { cause: error });
      }
    },

    putJson: async (value, options) => store.put(canonicalJson(value), options),

    async has(digest) {
      const expiry = await expiryOf(file(digest));
      return expiry !== undefined && (expiry === 0 || expiry > Date.now());
    },

    delete: async (digest) => rm(file(digest), { force: true }),

    async sweep({ keep, olderThanMs, now = new Date() }) {
      let deleted = 0;
      for (const name of await readdir(dir.path("artifacts"))) {
        if (!/^[0-9a-f]{2}$/.test(name)) continue;
        for (const entry of await readdir(dir.path("artifacts", name))) {
          const path = dir.path("artifacts", name, entry);
          if (entry.endsWith(UNFINISHED)) await removeUnfinished(path, now);
          else if (DIGEST.test(entry) && (await takeAway(path, keep.has(entry), olderThanMs, now))) deleted += 1;
        }
      }
      return deleted;
    },
  };
  return store;

  /** Whether the same bytes are there, whole and for long enough; if so they count as new for the next sweep. */
  async function kept(path: string, digest: string, expiry: number): Promise<boolean> {
    const known = await expiryOf(path);
    if (known === undefined || (known !== 0 && (expiry === 0 || expiry > known))) return false;
    const whole = await store.get(digest).then(
      () => true,
      () => false,
    );
    return whole && (await touched(path));
  }
}

const short = (digest: string): string => `${digest.slice(0, 12)}…`;
const aad = (digest: string, prefix: Buffer): string => `artifact:${digest}:${prefix.toString("hex")}`;

function prefixOf(expiry: number, kind: string): Buffer {
  const word = Buffer.from(kind.replace(/[^ -~]/g, "?").slice(0, 64), "latin1");
  const bytes = Buffer.alloc(PREFIX_BYTES);
  bytes.writeBigUInt64BE(BigInt(expiry));
  bytes[EXPIRY_BYTES] = word.length;
  return Buffer.concat([bytes, word]);
}

/** The expiry of a stored artifact in ms (0: none), undefined when it is not there or cut off. */
async function expiryOf(path: string): Promise<number | undefined> {
  const bytes = await readPrivateStart(path, EXPIRY_BYTES);
  return bytes === undefined || bytes.length < EXPIRY_BYTES ? undefined : Number(bytes.readBigUInt64BE(0));
}

async function touched(path: string): Promise<boolean> {
  const now = new Date();
  try {
    await utimes(path, now, now);
    return true;
  } catch (error) {
    if (errno(error) === "ENOENT") return false;
    throw error;
  }
}

/**
 * Takes an artifact away that is past its time. It is moved aside first and looked at again, since a writer may have asked
 * for the same bytes meanwhile; then it is put back.
 */
async function takeAway(path: string, isKept: boolean, olderThanMs: number, now: Date): Promise<boolean> {
  const isOver = async (at: string): Promise<boolean> => {
    const expiry = await expiryOf(at);
    if (expiry !== undefined && expiry !== 0 && expiry <= now.getTime()) return true;
    const info = isKept ? undefined : await stat(at).catch(() => undefined);
    return info !== undefined && info.mtimeMs < now.getTime() - olderThanMs;
  };
  if (!(await isOver(path))) return false;
  const aside = `${path}.swept${UNFINISHED}`;
  await rename(path, aside);
  const over = await isOver(aside);
  if (!over) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return over;
}

async function removeUnfinished(path: string, now: Date): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info !== undefined && info.mtimeMs < now.getTime() - UNFINISHED_AFTER_MS) await rm(path, { force: true });
}
