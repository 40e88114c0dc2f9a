import { OpsError } from "@platform-ops/errors";
import { configPath } from "../openssh/ssh-config.ts";

/** Where OpenSSH finds what Teleport issued. */
export interface TeleportKeys {
  readonly identityFile: string;
  readonly certificateFile: string;
  readonly knownHostsFile: string;
  /** Further lines of `tsh config`, which name the algorithms that this proxy's keys need. */
  readonly algorithms: readonly string[];
}

/** The lines of `tsh config` that hold for machines of a cluster. @throws OpsError command_failed */
export function keysInTshConfig(config: string, cluster: string): TeleportKeys {
  const found = new Map<string, string>();
  let applies = false;
  for (const line of config.split("\n")) {
    const [, keyword = "", value = ""] = /^\s*(\w+)\s+(.+?)\s*$/.exec(line) ?? [];
    if (keyword === "Host") applies = value.split(/\s+/).includes(`*.${cluster}`);
    else if (applies && !found.has(keyword)) found.set(keyword, value);
  }
  const path = (keyword: string): string => {
    const value = found.get(keyword)?.replace(/^"(.*)"$/, "$1");
    if (value === undefined) throw new OpsError("command_failed", `tsh config names no ${keyword} for the cluster ${cluster}.`);
    return value;
  };
  return {
    identityFile: path("IdentityFile"),
    certificateFile: path("CertificateFile"),
    knownHostsFile: path("UserKnownHostsFile"),
    algorithms: ["HostKeyAlgorithms", "PubkeyAcceptedAlgorithms"].flatMap((keyword) => {
      const value = found.get(keyword);
      return value !== undefined && /^[\w@.,+^-]+$/.test(value) ? [`${keyword} ${value}`] : [];
    }),
  };
}

export interface ConfigParts {
  readonly keys: TeleportKeys;
  /** tsh's path and words, before the host. */
  readonly proxyWords: readonly string[];
  /** Where tsh's own words go; %r and %h stand for login and host. */
  readonly log: string;
  readonly connectSeconds: number;
}

/**
 * The file for `ssh -F`: machines through `tsh proxy ssh`, their host keys vouched for by Teleport's authority, and nothing of the
 * account's or the machine's own configuration. OpenSSH gives ProxyCommand to a shell: every word is quoted, and login and host
 * were checked before.
 */
export function teleportSshConfig({ keys, proxyWords, log, connectSeconds }: ConfigParts): string {
  const command = [...proxyWords.map(proxyWord), "%r@%h:%p"].join(" ");
  const lines = [
    "BatchMode yes",
    "StrictHostKeyChecking yes",
    "UpdateHostKeys no",
    "CheckHostIP no",
    "ServerAliveInterval 15",
    "ServerAliveCountMax 3",
    `ConnectTimeout ${connectSeconds}`,
    `UserKnownHostsFile ${configPath(keys.knownHostsFile)}`,
    "GlobalKnownHostsFile none",
    `IdentityFile ${configPath(keys.identityFile)}`,
    `CertificateFile ${configPath(keys.certificateFile)}`,
    "IdentitiesOnly yes",
    "IdentityAgent none",
    "PreferredAuthentications publickey",
    ...keys.algorithms,
    "ForwardAgent no",
    "LogLevel ERROR",
    // A shared connection lives on: tsh must not keep the pipe that we read.
    `ProxyCommand ${command} 2>${proxyWord(log).replaceAll("%%r", "%r").replaceAll("%%h", "%h")}`,
  ];
  return `Host *\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** A word of ProxyCommand: quoted for the shell, `%` doubled for OpenSSH. */
function proxyWord(word: string): string {
  if (/[\r\n\0]/.test(word)) throw new OpsError("settings_invalid", "OpenSSH's configuration cannot express a path with a line end.");
  return `'${word.replaceAll("'", "'\\''").replaceAll("%", "%%")}'`;
}
