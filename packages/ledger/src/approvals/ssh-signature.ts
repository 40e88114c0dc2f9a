import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { OpsError } from "@platform-ops/errors";
import type { DataDirectory } from "../data-directory.ts";
import { errno } from "../durable-file.ts";
import { vouchingFileProblem } from "../settings/policy-from-file.ts";
import { SIGNATURE_NAMESPACE } from "./shapes.ts";

/** Where ssh-keygen is looked for: not in the PATH of whoever started us, so that nobody puts another one first. */
const PROGRAM_PATH = "/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin";
const TIME_LIMIT_MS = 20_000;
const MAX_OUTPUT = 64 * 1024;

/** Who may sign: files of OpenSSH's formats (ssh-keygen(1), ALLOWED SIGNERS and KEY REVOCATION LISTS). */
export interface Signers {
  readonly allowed_signers: string;
  readonly revoked?: string;
}

/** What a good signature tells. */
export interface Signer {
  readonly fingerprint: string;
  readonly principal: string;
}

/**
 * Verifies an SSH signature over a text, in our namespace, by `ssh-keygen -Y verify`. An empty principal is found in the
 * allowed-signers file.
 * @throws OpsError `approval_invalid` (bad, unknown, revoked, expired, another namespace), `settings_invalid` when the
 * files that vouch are missing or writable by others, `program_missing`.
 */
export async function verifySignature(
  dir: DataDirectory,
  signers: Signers,
  text: string,
  signature: string,
  principal: string,
): Promise<Signer> {
  if (
    signature.length > 20_000 ||
    !/^-----BEGIN SSH SIGNATURE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END SSH SIGNATURE-----\s*$/.test(signature)
  ) {
    throw new OpsError("approval_invalid", "This is no SSH signature in text armour.", {
      hint: `Make one with: ssh-keygen -Y sign -n ${SIGNATURE_NAMESPACE} -f KEY FILE`,
    });
  }
  for (const path of [signers.allowed_signers, signers.revoked]) {
    const problem = path === undefined ? undefined : vouchingFileProblem(path, undefined);
    if (problem !== undefined) throw new OpsError("settings_invalid", problem);
  }
  return withFile(dir, signature, async (file) => {
    const name = principal === "" ? await findPrincipal(signers, file) : principal;
    if (!/^[A-Za-z0-9_][A-Za-z0-9@._+-]{0,199}$/.test(name))
      throw new OpsError("approval_invalid", "The signer's name must be a plain word, such as ann@example.com.");
    const revoked = signers.revoked === undefined ? [] : ["-r", signers.revoked];
    const { code, stdout } = await sshKeygen(
      ["-Y", "verify", "-f", signers.allowed_signers, "-I", name, "-n", SIGNATURE_NAMESPACE, "-s", file, ...revoked],
      text,
    );
    // ssh-keygen(1): prints `Good "namespace" signature for principal with TYPE key SHA256:…` and exits 0.
    const fingerprint = /^Good ".*" signature for .* with \S+ key (SHA256:[A-Za-z0-9+/]{43})$/m.exec(stdout)?.[1];
    if (code !== 0 || fingerprint === undefined) {
      throw new OpsError(
        "approval_invalid",
        `The signature of ${name} does not count: it is bad, made for something else or in another namespace, or its key is unknown, expired or revoked.`,
      );
    }
    return { fingerprint, principal: name };
  });
}

/** The name that the allowed-signers file gives to the key of a signature. */
async function findPrincipal(signers: Signers, signatureFile: string): Promise<string> {
  const { code, stdout } = await sshKeygen(["-Y", "find-principals", "-f", signers.allowed_signers, "-s", signatureFile], "");
  const name = stdout.split(/[\n,]/)[0]?.trim() ?? "";
  if (code !== 0 || name === "")
    throw new OpsError("approval_invalid", "No line of the allowed-signers file has the key that made this signature.");
  if (/[*?!]/.test(name))
    throw new OpsError("approval_invalid", "The allowed-signers file has a pattern for this key.", {
      hint: "Give the signer's name with --principal.",
    });
  return name;
}

/**
 * Signs a text with a key by `ssh-keygen -Y sign`. Passphrase, PIN and touch are asked for at the terminal by ssh-keygen
 * itself. `env` is what it needs for that (SSH_AUTH_SOCK, DISPLAY, SSH_ASKPASS).
 * @returns the signature in text armour.
 * @throws OpsError `command_failed`, `program_missing`.
 */
export async function sign(
  text: string,
  key: string,
  options: { env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<string> {
  const { code, stdout } = await sshKeygen(["-Y", "sign", "-n", SIGNATURE_NAMESPACE, "-f", key], text, { ...options, isPersonThere: true });
  if (code !== 0 || !stdout.includes("BEGIN SSH SIGNATURE"))
    throw new OpsError("command_failed", `ssh-keygen could not sign with ${key}.`, {
      hint: "Its own message is above; give the path of a private key, or of a public key whose private half your agent holds.",
    });
  return stdout;
}

async function withFile<T>(dir: DataDirectory, text: string, use: (path: string) => Promise<T>): Promise<T> {
  const path = dir.path("approvals", "work", `${randomBytes(8).toString("hex")}.sig`);
  await writeFile(path, text, { mode: 0o600, flag: "wx" });
  try {
    return await use(path);
  } finally {
    await rm(path, { force: true });
  }
}

interface Ssh {
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** ssh-keygen may talk to the person at the terminal, and take its time. */
  readonly isPersonThere?: boolean;
}

async function sshKeygen(args: readonly string[], input: string, options: Ssh = {}): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh-keygen", args, {
      env: { ...options.env, PATH: PROGRAM_PATH, LC_ALL: "C" },
      stdio: ["pipe", "pipe", options.isPersonThere ? "inherit" : "ignore"],
      ...(options.isPersonThere ? {} : { timeout: TIME_LIMIT_MS }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let stdout = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      stdout = (stdout + chunk).slice(0, MAX_OUTPUT);
    });
    // A program that ends before it has read its input is judged by its exit code.
    child.stdin!.on("error", () => undefined);
    child.on("error", (error) => {
      if (errno(error) === "ENOENT")
        reject(new OpsError("program_missing", "ssh-keygen is not installed.", { hint: "Install OpenSSH 8.2 or later." }));
      else if (error.name === "AbortError") reject(new OpsError("cancelled", "Signing was cancelled."));
      else reject(error);
    });
    child.on("close", (code) => resolve({ code, stdout }));
    child.stdin!.end(input);
  });
}
