import { readdir, rm, stat } from "node:fs/promises";
import type { WorkerDeps } from "./worker-deps.ts";

/** No step works in its folder for so long: an apply is given a day, a plan two hours. */
const WORK_AGE_MS = 2 * 86_400_000;
const FIRST_AFTER_MS = 60_000;
const EVERY_MS = 6 * 3_600_000;

/**
 * Takes away what nobody needs and what may hold secrets: artifacts that have expired (plan bytes, inputs), and the folders
 * in clear of steps that were killed and never came back. Reports, records and journals stay.
 */
export async function sweep({ artifacts, directory }: Pick<WorkerDeps, "artifacts" | "directory">, now = new Date()): Promise<void> {
  await artifacts.sweep({ keep: new Set(), olderThanMs: Number.POSITIVE_INFINITY, now });
  for (const run of await namesIn(directory.path("runs"))) {
    for (const workspace of await namesIn(directory.path("runs", run))) {
      const work = directory.path("runs", run, workspace, "work");
      const found = await stat(work).catch(() => undefined);
      if (found !== undefined && found.mtimeMs < now.getTime() - WORK_AGE_MS) await rm(work, { recursive: true, force: true });
    }
  }
}

/** Sweeps now and then while the worker lives; a first time when its first work is likely done. */
export function sweepNowAndThen(deps: Pick<WorkerDeps, "artifacts" | "directory" | "logger">): void {
  const once = (): void => void sweep(deps).catch((error: unknown) => deps.logger.warn("What is over could not be taken away.", { error }));
  setTimeout(once, FIRST_AFTER_MS).unref();
  setInterval(once, EVERY_MS).unref();
}

/** Names of the folders in a folder; none where it is not there. */
async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
