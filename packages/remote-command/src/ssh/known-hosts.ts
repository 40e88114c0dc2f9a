// known_hosts as sshd(8) describes it, with the order of decisions of OpenSSH's client.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** One line of a known_hosts file. */
export interface KnownHost {
  /** Patterns as written; a hashed name is one of them. */
  readonly hosts: readonly string[];
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, … */
  readonly type: string;
  readonly key: Buffer;
  readonly file: string;
  readonly line: number;
}

/**
 * What known_hosts says of a host's key. known: one of its keys. revoked: marked so. changed: the host has other keys there.
 * unknown: nothing there for this host; `authority` when it has a certificate authority.
 */
export type HostKeyFinding =
  | { readonly finding: "known" | "revoked"; readonly entry: KnownHost }
  | { readonly finding: "changed"; readonly entries: readonly KnownHost[] }
  | { readonly finding: "unknown"; readonly authority: boolean };

/** Reads the lines of one file. Lines that cannot be read are left out, as OpenSSH does: they vouch for nothing. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  return text.split("\n").flatMap((line, index) => {
    const words = line.trim().split(/[ \t]+/);
    const first = words[0] ?? "";
    if (first === "" || first.startsWith("#")) return [];
    if (first.startsWith("@")) {
      const marker = first === "@revoked" ? "revoked" : first === "@cert-authority" ? "cert-authority" : undefined;
      return marker === undefined ? [] : entryOf(words.slice(1), marker, file, index + 1);
    }
    return entryOf(words, undefined, file, index + 1);
  });
}

function entryOf(words: readonly string[], marker: KnownHost["marker"], file: string, line: number): KnownHost[] {
  const [hosts, type, encoded] = words;
  if (hosts === undefined || type === undefined || encoded === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return [];
  const key = Buffer.from(encoded, "base64");
  return keyType(key) === type ? [{ hosts: hosts.split(","), marker, type, key, file, line }] : [];
}

/** The name under which a host stands in known_hosts: without the port where that is 22. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** The type that a public key's wire form begins with (RFC 4253 §6.6); empty where it has none. */
export function keyType(key: Buffer): string {
  if (key.length < 4) return "";
  const length = key.readUInt32BE(0);
  return length > 64 || length + 4 > key.length ? "" : key.toString("latin1", 4, 4 + length);
}

/** `SHA256:…` as ssh-keygen shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/**
 * What the lines say of this key for this host. A revoked key is refused whatever else is there. A host on another port than 22
 * is also looked for without its port, where only a match counts.
 */
export function findHostKey(entries: readonly KnownHost[], host: string, port: number, key: Buffer): HostKeyFinding {
  const own = linesFor(entries, knownHostName(host, port));
  const lines = port === 22 ? own : [...own, ...linesFor(entries, knownHostName(host, 22))];
  const revoked = lines.find((entry) => entry.marker === "revoked" && sameKey(entry.key, key));
  if (revoked !== undefined) return { finding: "revoked", entry: revoked };
  const match = lines.find((entry) => entry.marker === undefined && sameKey(entry.key, key));
  if (match !== undefined) return { finding: "known", entry: match };
  const others = own.filter((entry) => entry.marker === undefined);
  return others.length > 0
    ? { finding: "changed", entries: others }
    : { finding: "unknown", authority: own.some((entry) => entry.marker === "cert-authority") };
}

/** Types of the keys that are known for a host: asked for first, or a host with several keys would seem to have changed. */
export function knownKeyTypes(entries: readonly KnownHost[], host: string, port: number): Set<string> {
  const names = port === 22 ? [22] : [port, 22];
  const lines = names.flatMap((one) => linesFor(entries, knownHostName(host, one)));
  return new Set(lines.filter((entry) => entry.marker === undefined).map((entry) => entry.type));
}

function linesFor(entries: readonly KnownHost[], name: string): KnownHost[] {
  return entries.filter((entry) => matchesList(entry.hosts, name));
}

/** A `!pattern` that matches takes the whole line out. */
function matchesList(patterns: readonly string[], name: string): boolean {
  let found = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    if (!matches(negated ? pattern.slice(1) : pattern, name)) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

function matches(pattern: string, name: string): boolean {
  if (pattern.startsWith("|1|")) return matchesHash(pattern, name);
  return glob(pattern.toLowerCase(), name);
}

/** `|1|salt|HMAC-SHA1(salt, name)`, both in base64. */
function matchesHash(pattern: string, name: string): boolean {
  const [, , salt = "", hash = ""] = pattern.split("|");
  const wanted = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return wanted.length === actual.length && timingSafeEqual(wanted, actual);
}

/** `*` and `?` only; brackets stand for themselves. Linear in the product of the lengths, whatever the pattern. */
function glob(pattern: string, text: string): boolean {
  let star = -1;
  let mark = 0;
  let p = 0;
  let t = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}

function sameKey(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
