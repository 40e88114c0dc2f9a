import { openApprovals } from "./approvals/open-approvals.ts";
import type { Approvals } from "./approvals/approval.ts";
import { openArtifacts, type ArtifactStore } from "./artifacts.ts";
import { openAudit, type AuditLog } from "./audit.ts";
import { openDataDirectory, type DataDirectory } from "./data-directory.ts";
import { openKeys, type Keyring } from "./keys.ts";
import type { Redactor } from "./redaction.ts";
import { openTokens, type Tokens } from "./tokens.ts";
import type { Policy } from "./settings/policy.ts";

/** What is kept, opened together. */
export interface Ledger {
  readonly directory: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditLog;
  readonly approvals: Approvals;
  readonly tokens: Tokens;
}

/**
 * Opens all that a data directory keeps; makes it, and its keys, where there is none.
 * @throws OpsError data_directory_unsafe, key_missing
 */
export async function openLedger(home: string, policy: Policy, redactor: Redactor): Promise<Ledger> {
  const directory = await openDataDirectory(home);
  const keys = await openKeys(directory);
  const artifacts = openArtifacts(directory, keys);
  const audit = openAudit(directory, redactor);
  const approvals = openApprovals({ dir: directory, keys, policy, audit, artifacts });
  return { directory, keys, artifacts, audit, approvals, tokens: openTokens(directory, audit) };
}

/**
 * A part of the ledger, opened with its first use: listing tools or subcommands touches no file. All methods of these parts are
 * asynchronous.
 */
export function lazyPart<K extends "approvals" | "artifacts" | "audit">(open: () => Promise<Ledger>, part: K): Ledger[K] {
  const call =
    (name: PropertyKey) =>
    async (...args: unknown[]) => {
      const opened = (await open())[part] as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>;
      return opened[name]?.(...args);
    };
  return new Proxy({} as Ledger[K], { get: (_target, name) => call(name) });
}

/** Runs `make` at the first call; a failure is not remembered. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
