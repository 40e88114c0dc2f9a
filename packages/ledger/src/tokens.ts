import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync, type BigIntStats } from "node:fs";
import { readdir } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import type { AuditLog } from "./audit.ts";
import type { DataDirectory } from "./data-directory.ts";
import { readPrivate, writeDurably } from "./durable-file.ts";

/** What a bearer token allows, and to whom. The token itself is kept nowhere. */
export interface TokenGrant {
  /** Public: it names the token in lists, logs and the audit. */
  readonly id: string;
  /** Name of the server that takes it; no other one does. */
  readonly server: string;
  /** Stands for the OS user in the names of principals: `agent:<client>@<principal>`. */
  readonly principal: string;
  /** Toolsets that it is narrowed to; absent: all that the server offers. */
  readonly toolsets?: readonly string[];
  readonly read_only: boolean;
  readonly created_at: string;
  /** `tty:<user>` */
  readonly created_by: string;
  readonly expires_at: string;
  readonly revoked_at?: string;
}

/** Why a token is not taken. `unknown` is also a token of another server. */
export type TokenRefusal = { readonly refused: "unknown" | "revoked" | "expired"; readonly id?: string };

/** The bearer tokens of a data directory. */
export interface Tokens {
  /** Makes one; `token` is shown once and can never be read again. */
  create(input: Omit<TokenGrant, "id" | "created_at" | "revoked_at">): Promise<{ token: string; grant: TokenGrant }>;
  /** All of them, of all servers, newest first; revoked and expired ones too. */
  list(): Promise<TokenGrant[]>;
  /**
   * From now on the token is taken nowhere. Revoking twice is fine.
   * @throws OpsError not_found
   */
  revoke(id: string, by: string): Promise<TokenGrant>;
  /** Whether a server takes this token now. Synchronous, and as fast for a wrong secret as for a right one. */
  check(token: string, server: string): TokenGrant | TokenRefusal;
  /** Whether the token of that id would still be taken. */
  recheck(id: string): TokenGrant | TokenRefusal;
}

/** `pot_`, ten digits of an id that is no secret, 32 random bytes. */
const TOKEN = /^pot_([0-9a-z]{10})_[A-Za-z0-9_-]{43}$/;
const ID = /^[0-9a-z]{10}$/;
const ID_DIGITS = "0123456789abcdefghijklmnopqrstuv";
const MAX_FILE_BYTES = 64 * 1024;

interface TokenFile extends TokenGrant {
  readonly version: 1;
  /** SHA-256 (hex) of the token. Its 256 random bits need no slow digest. */
  readonly digest: string;
}

/** Opens the tokens of a data directory. Making and revoking one is put on record. */
export function openTokens(dir: DataDirectory, audit: AuditLog, now: () => Date = () => new Date()): Tokens {
  const pathOf = (id: string): string => dir.path("tokens", `${id}.json`);
  const known = new Map<string, { stamp: string; file: TokenFile }>();

  /** The file as it is now; read again only where it was put in place anew. */
  const current = (id: string): TokenFile | undefined => {
    const path = pathOf(id);
    const stat = statOf(path);
    if (stat === undefined) return void known.delete(id);
    const stamp = `${stat.ino}:${stat.mtimeNs}:${stat.size}`;
    const kept = known.get(id);
    if (kept?.stamp === stamp) return kept.file;
    const file = readTokenFile(path, id);
    if (file !== undefined) known.set(id, { stamp, file });
    return file;
  };

  const verdict = (file: TokenFile): TokenGrant | TokenRefusal => {
    if (file.revoked_at !== undefined) return { refused: "revoked", id: file.id };
    return Date.parse(file.expires_at) > now().getTime() ? grantOf(file) : { refused: "expired", id: file.id };
  };

  return {
    async create(input) {
      for (;;) {
        const id = Array.from(randomBytes(10), (byte) => ID_DIGITS[byte % ID_DIGITS.length]).join("");
        const token = `pot_${id}_${randomBytes(32).toString("base64url")}`;
        const file: TokenFile = { version: 1, id, ...input, created_at: now().toISOString(), digest: digestOf(token).toString("hex") };
        if (!(await writeDurably(pathOf(id), `${JSON.stringify(file, null, 2)}\n`, { mode: "once", flushDirectory: true }))) continue;
        await record(audit, "token create", file.created_by, file);
        return { token, grant: grantOf(file) };
      }
    },
    async list() {
      const names = await readdir(dir.path("tokens"));
      const files = names.flatMap((name) => (name.endsWith(".json") ? (current(name.slice(0, -".json".length)) ?? []) : []));
      return files.map(grantOf).sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
    },
    async revoke(id, by) {
      const bytes = ID.test(id) ? await readPrivate(pathOf(id), MAX_FILE_BYTES) : undefined;
      const file = bytes === undefined ? undefined : parsed(bytes.toString("utf8"), id);
      if (file === undefined)
        throw new OpsError("not_found", `there is no token ${id.slice(0, 40)}.`, { hint: "`token list` shows their ids." });
      if (file.revoked_at !== undefined) return grantOf(file);
      const revoked = { ...file, revoked_at: now().toISOString() };
      await writeDurably(pathOf(id), `${JSON.stringify(revoked, null, 2)}\n`, { mode: "replace", flushDirectory: true });
      await record(audit, "token revoke", by, revoked);
      return grantOf(revoked);
    },
    check(token, server) {
      const id = TOKEN.exec(token)?.[1];
      const file = id === undefined ? undefined : current(id);
      // Where nothing is known the comparison is made all the same, with what nothing equals.
      const isRight = timingSafeEqual(digestOf(token), file === undefined ? Buffer.alloc(32) : Buffer.from(file.digest, "hex"));
      return file === undefined || !isRight || file.server !== server ? { refused: "unknown" } : verdict(file);
    },
    recheck(id) {
      const file = ID.test(id) ? current(id) : undefined;
      return file === undefined ? { refused: "unknown" } : verdict(file);
    },
  };
}

function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** What cannot be looked at is taken as little as what is not there: this is asked by timers too, where nobody would catch it. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

function readTokenFile(path: string, id: string): TokenFile | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { size } = fstatSync(fd);
    return size > MAX_FILE_BYTES ? undefined : parsed(readFileSync(fd, "utf8"), id);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** What is damaged, or under another's name, is no token. */
function parsed(text: string, id: string): TokenFile | undefined {
  try {
    const file = JSON.parse(text) as TokenFile;
    const isWhole =
      file.version === 1 &&
      file.id === id &&
      /^[0-9a-f]{64}$/.test(file.digest) &&
      typeof file.server === "string" &&
      typeof file.principal === "string" &&
      typeof file.read_only === "boolean" &&
      (file.toolsets === undefined || Array.isArray(file.toolsets)) &&
      !Number.isNaN(Date.parse(file.expires_at));
    return isWhole ? file : undefined;
  } catch {
    return undefined;
  }
}

function grantOf(file: TokenFile): TokenGrant {
  const { version: _, digest: __, ...grant } = file;
  return grant;
}

async function record(audit: AuditLog, what: string, actor: string, grant: TokenGrant): Promise<void> {
  const { id, server, principal, toolsets, read_only, expires_at } = grant;
  const granted = { ...(toolsets === undefined ? {} : { toolsets }), read_only, expires_at };
  await audit.append({ kind: "access", actor, what, target: `${principal} on ${server}`, arguments: granted, outcome: "done", id });
}
