// A ledger in a temporary folder, for tests of this and other packages.
import { execFile } from "node:child_process";
import { appendFile, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Approvals } from "./approvals/approval.ts";
import { openApprovals } from "./approvals/open-approvals.ts";
import { SIGNATURE_NAMESPACE } from "./approvals/shapes.ts";
import { type ArtifactStore, openArtifacts } from "./artifacts.ts";
import { type AuditLog, openAudit } from "./audit.ts";
import { type DataDirectory, openDataDirectory } from "./data-directory.ts";
import { type Keyring, openKeys } from "./keys.ts";
import { Redactor } from "./redaction.ts";
import type { Environment, Policy } from "./settings/policy.ts";

/** All parts of a ledger; `await using` (or `dispose`) deletes it. */
export interface TemporaryLedger extends AsyncDisposable {
  /** The folder that is deleted in the end; `home` lies in it. */
  readonly folder: string;
  readonly home: string;
  readonly dir: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditLog;
  readonly redactor: Redactor;
  readonly policy: Policy;
  readonly approvals: Approvals;
  dispose(): Promise<void>;
}

/** Opens a ledger in a new temporary folder. The policy is `temporaryPolicy()` unless another is given. */
export async function openTemporaryLedger(options: { now?: () => Date; policy?: Policy } = {}): Promise<TemporaryLedger> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "ledger-")));
  const home = join(folder, "home");
  const dir = await openDataDirectory(home);
  const keys = await openKeys(dir);
  const redactor = new Redactor();
  const clock = options.now === undefined ? {} : { now: options.now };
  const audit = openAudit(dir, redactor, clock);
  const artifacts = openArtifacts(dir, keys);
  const policy = options.policy ?? temporaryPolicy();
  const approvals = openApprovals({ dir, keys, policy, audit, artifacts, ...clock });
  const dispose = async (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { folder, home, dir, keys, artifacts, audit, redactor, policy, approvals, dispose, [Symbol.asyncDispose]: dispose };
}

/** The policy that is in force where no file speaks, with the given environments before `default`. */
export function temporaryPolicy(environments: Environment[] = [], approvals: Partial<Policy["approvals"]> = {}): Policy {
  const fallback: Environment = { name: "default", match: {}, protected: false, channels: ["elicit", "cli"] };
  return {
    environments: [...environments, fallback],
    approvals: { auto: [], hours: 72, notify: {}, ...approvals },
    roots: undefined,
    read_only: false,
    toolsets: undefined,
  };
}

/** A throw-away SSH key, and what it can sign. */
export interface TemporarySigner {
  readonly principal: string;
  /** Path of the private key; the public one has `.pub` behind it. */
  readonly key: string;
  readonly publicKey: string;
  sign(text: string, namespace?: string): Promise<string>;
}

/**
 * Makes an ed25519 key with ssh-keygen and adds its line to the allowed-signers file `<folder>/allowed_signers`.
 * `options` are those of that file, such as valid-before="20200101"; `allowed: false` leaves the key unknown.
 */
export async function makeTemporarySigner(
  folder: string,
  principal: string,
  settings: { allowed?: boolean; options?: string } = {},
): Promise<TemporarySigner> {
  const run = promisify(execFile);
  const key = join(folder, `key-${principal.replace(/[^a-z0-9]/gi, "-")}`);
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", principal, "-f", key]);
  const publicKey = (await readFile(`${key}.pub`, "utf8")).trim();
  if (settings.allowed !== false)
    await appendFile(
      join(folder, "allowed_signers"),
      `${[principal, settings.options, publicKey].filter((part) => part !== undefined).join(" ")}\n`,
      { mode: 0o600 },
    );
  return {
    principal,
    key,
    publicKey,
    async sign(text, namespace = SIGNATURE_NAMESPACE) {
      const file = join(await mkdtemp(join(folder, "sign-")), "text");
      await writeFile(file, text);
      await run("ssh-keygen", ["-q", "-Y", "sign", "-n", namespace, "-f", key, file]);
      return readFile(`${file}.sig`, "utf8");
    },
  };
}
