// Teleport's authority, made with ssh-keygen: it signs the certificates of accounts and of machines.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newKey } from "../sshd.ts";

export interface Authority {
  readonly folder: string;
  /** Lines of sshd_config: it shows a host certificate for these names, and lets in who has a certificate. */
  readonly sshdConfig: readonly string[];
  /** Text of an identity file, as Machine ID writes one; `validity` as for ssh-keygen -V. */
  identity(principal: string, validity?: string): string;
}

/** Makes an authority, and a host key signed for `<name>.<cluster>` of each name. Remove the folder when done. */
export function makeAuthority(cluster: string, names: readonly string[]): Authority {
  const folder = mkdtempSync(join(tmpdir(), "authority-"));
  const [authority, host] = [join(folder, "ca"), join(folder, "host")];
  for (const file of [authority, host]) newKey(file, "ed25519");
  const principals = names.map((name) => `${name}.${cluster}`).join(",");
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "machine", "-h", "-n", principals, "-V", "+1d", `${host}.pub`]);
  let count = 0;
  return {
    folder,
    sshdConfig: [`HostKey ${host}`, `HostCertificate ${host}-cert.pub`, `TrustedUserCAKeys ${authority}.pub`],
    identity(principal, validity = "+1d") {
      const key = join(folder, `user${(count += 1)}`);
      newKey(key, "ed25519");
      execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", principal, "-n", principal, "-V", validity, `${key}.pub`]);
      // The certificates for TLS are of no use here: one stands for them, so that it is passed over.
      const tls = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
      const [type, blob] = readFileSync(`${authority}.pub`, "utf8").split(" ");
      const trusted = `@cert-authority ${cluster},*.${cluster} ${type} ${blob?.trim()} type=host\n`;
      return [readFileSync(key, "utf8"), readFileSync(`${key}-cert.pub`, "utf8"), tls, trusted].join("");
    },
  };
}

/** Writes a profile folder as `tsh login` does, where `tsh config` says that it is. */
export function writeProfileKeys(files: { key: string; certificate: string; knownHosts: string }, identity: string): void {
  const [key = ""] = /-----BEGIN OPENSSH[^]*?-----END[^\n]*\n/.exec(identity) ?? [];
  const lines = identity.split("\n");
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.certificate, `${lines.find((line) => line.includes("-cert-v01@")) ?? ""}\n`);
  writeFileSync(files.knownHosts, `${lines.find((line) => line.startsWith("@cert-authority")) ?? ""}\n`);
}
