import { OpsError } from "@platform-ops/errors";
import { readFile, stat } from "node:fs/promises";
import { describeDestination, type Destination } from "./destination.ts";
import { findHostKey, fingerprint, keyType, knownHostName, knownKeyTypes, parseKnownHosts, type KnownHost } from "./known-hosts.ts";

/** In the order in which OpenSSH prefers them; SHA-1 signatures (`ssh-rsa`) and DSA are not asked for. */
const ALGORITHMS: Readonly<Record<string, readonly HostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

export type HostKeyAlgorithm =
  | "ssh-ed25519"
  | "ecdsa-sha2-nistp256"
  | "ecdsa-sha2-nistp384"
  | "ecdsa-sha2-nistp521"
  | "rsa-sha2-512"
  | "rsa-sha2-256";

/** The lines of known_hosts that count for a connection, and where a new one belongs. */
export interface HostKeys {
  readonly entries: readonly KnownHost[];
  /** The files that were asked, in order. */
  readonly files: readonly string[];
}

const read = new Map<string, { stamp: string; entries: KnownHost[] }>();

/** Reads the files, each again only when it has changed. One that is not there holds nothing. */
export async function readHostKeys(files: readonly string[]): Promise<HostKeys> {
  const entries: KnownHost[] = [];
  for (const file of files) {
    const found = await stat(file).catch(() => undefined);
    if (found === undefined || !found.isFile()) continue;
    const stamp = `${found.ino}:${found.size}:${found.mtimeMs}`;
    const kept = read.get(file);
    const lines = kept?.stamp === stamp ? kept.entries : parseKnownHosts(await readFile(file, "utf8"), file);
    read.set(file, { stamp, entries: lines });
    entries.push(...lines);
  }
  return { entries, files };
}

/** Signature algorithms to offer, those of known keys first: a host with several keys then shows the one that can be checked. */
export function hostKeyAlgorithms({ entries }: HostKeys, { host, port }: Destination): HostKeyAlgorithm[] {
  const known = knownKeyTypes(entries, host, port);
  const types = Object.keys(ALGORITHMS);
  return [...types.filter((type) => known.has(type)), ...types.filter((type) => !known.has(type))].flatMap(
    (type) => ALGORITHMS[type] ?? [],
  );
}

/** Undefined when the key is known for the destination; else the refusal, with what exactly cures it. */
export function hostKeyRefusal({ entries, files }: HostKeys, destination: Destination, key: Buffer): OpsError | undefined {
  const found = findHostKey(entries, destination.host, destination.port, key);
  if (found.finding === "known") return undefined;
  const name = knownHostName(destination.host, destination.port);
  const shown = fingerprint(key);
  const line = `${name} ${keyType(key)} ${key.toString("base64")}`;
  const file = files[0] ?? "known_hosts";
  const details = { fingerprint: shown, known_hosts_line: line, file };
  if (found.finding === "revoked") {
    return new OpsError(
      "host_key_changed",
      `${describeDestination(destination)} shows a host key that is revoked in ${place(found.entry)}.`,
      {
        hint: "Do not go on: whoever holds this key can pretend to be the machine. A person gives the machine a new host key.",
        details,
      },
    );
  }
  if (found.finding === "changed") {
    const places = found.entries.map((entry) => `${place(entry)} (${entry.type} ${fingerprint(entry.key)})`).join(", ");
    const changedFile = found.entries[0]?.file ?? file;
    return new OpsError(
      "host_key_changed",
      `The host key of ${describeDestination(destination)} is ${keyType(key)} ${shown}; known_hosts has another: ${places}.`,
      {
        hint:
          "Do not go on: somebody may be between you and the machine. A person finds out why it changed. Only where the change is explained: " +
          `\`ssh-keygen -R '${name}' -f '${changedFile}'\`, then add the line: ${line}`,
        details: { ...details, file: changedFile },
      },
    );
  }
  const authority =
    found.finding === "unknown" && found.authority
      ? " A certificate authority vouches for this host there: host certificates need `via: openssh` in the cluster's settings."
      : "";
  return new OpsError(
    "host_key_unknown",
    `The host key of ${describeDestination(destination)} is not in known_hosts: ${keyType(key)} ${shown}.`,
    {
      hint:
        `A person compares it on the machine itself (\`ssh-keygen -lf\` over its /etc/ssh/ssh_host_*_key.pub), then adds this line to ${file}: ` +
        `${line}${authority}`,
      details,
    },
  );
}

function place({ file, line }: KnownHost): string {
  return `${file}:${line}`;
}
