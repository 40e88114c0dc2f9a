// A ledger in a temporary folder, for tests of this and other packages.
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArtifactStore, openArtifacts } from "./artifacts.ts";
import { type AuditLog, openAudit } from "./audit.ts";
import { type DataDirectory, openDataDirectory } from "./data-directory.ts";
import { type Keyring, openKeys } from "./keys.ts";
import { Redactor } from "./redaction.ts";

/** All parts of a ledger; `await using` (or `dispose`) deletes it. */
export interface TemporaryLedger extends AsyncDisposable {
  readonly home: string;
  readonly dir: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditLog;
  readonly redactor: Redactor;
  dispose(): Promise<void>;
}

/** Opens a ledger in a new temporary folder. */
export async function openTemporaryLedger(options: { now?: () => Date } = {}): Promise<TemporaryLedger> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "ledger-")));
  const home = join(folder, "home");
  const dir = await openDataDirectory(home);
  const keys = await openKeys(dir);
  const redactor = new Redactor();
  const dispose = async (): Promise<void> => rm(folder, { recursive: true, force: true });
  const audit = openAudit(dir, redactor, options);
  return { home, dir, keys, artifacts: openArtifacts(dir, keys), audit, redactor, dispose, [Symbol.asyncDispose]: dispose };
}
