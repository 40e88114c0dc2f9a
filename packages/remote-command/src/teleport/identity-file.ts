import { OpsError } from "@platform-ops/errors";

/** What OpenSSH needs of an identity file. */
export interface IdentityParts {
  /** PEM. */
  readonly privateKey: string;
  /** One line: `ssh-…-cert-v01@openssh.com AAAA…`. */
  readonly certificate: string;
  /** known_hosts lines of the authorities that sign host keys. */
  readonly knownHosts: string;
}

/**
 * Takes an identity file apart. Source: Teleport's api/identityfile: a private key in PEM, the SSH certificate on one line, TLS
 * certificates in PEM, and `@cert-authority` lines, in this order.
 * @throws OpsError not_logged_in for a file that is none
 */
export function readIdentity(text: string, file: string): IdentityParts {
  const privateKey = /-----BEGIN ([A-Z ]*PRIVATE KEY)-----\r?\n[A-Za-z0-9+/=\r\n:,. -]+?-----END \1-----/.exec(text)?.[0];
  const lines = text.split(/\r?\n/);
  const certificate = lines.find((line) => /^[a-z0-9-]+-cert-v01@openssh\.com [A-Za-z0-9+/=]+/.test(line));
  const authorities = lines.filter((line) => line.startsWith("@cert-authority "));
  if (privateKey === undefined || certificate === undefined || authorities.length === 0) {
    const lacks = privateKey === undefined ? "private key" : certificate === undefined ? "SSH certificate" : "@cert-authority line";
    throw new OpsError("not_logged_in", `The identity file ${file} has no ${lacks}.`, {
      hint: "Let Machine ID write an output of type identity, and name its file `identity` in the operator's file.",
    });
  }
  return { privateKey: `${privateKey}\n`, certificate: `${certificate}\n`, knownHosts: `${authorities.join("\n")}\n` };
}
