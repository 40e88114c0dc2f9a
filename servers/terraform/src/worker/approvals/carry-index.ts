import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import type { DataDirectory } from "@platform-ops/ledger";

// approvals that a plan-only run left: carried/<key of the plan>/<request id>. Only a way to find them: whatever stands
// here, the record itself is verified. Without it every plan would read every request that was ever made.

/** Notes that a request is about a plan that a later run may make again. */
export async function noteCarried(directory: DataDirectory, key: string, request: string): Promise<void> {
  await mkdir(directory.path("carried", key), { recursive: true, mode: 0o700 });
  await writeFile(directory.path("carried", key, request), "", { mode: 0o600 });
}

/** The requests about such a plan. */
export async function carriedRequests(directory: DataDirectory, key: string): Promise<string[]> {
  const names = await readdir(directory.path("carried", key)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => /^apr_[0-9A-Z]{26}$/.test(name));
}

/** Forgets one that was used or has expired. */
export async function forgetCarried(directory: DataDirectory, key: string, request: string): Promise<void> {
  await rm(directory.path("carried", key, request), { force: true });
}
