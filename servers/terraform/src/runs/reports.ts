import { readdir, readFile } from "node:fs/promises";
import type { Ledger } from "@platform-ops/ledger";
import { RUN_ID_PREFIX } from "../worker/run-contract.ts";
import type { ReportPointer, RunReport } from "../worker/finish-run.ts";

// Closed runs as they are kept when Temporal has forgotten them: reports/<run>.json points to an artifact.

/** The report of a closed run; undefined where there is none, or its artifact is gone. */
export async function readReport(ledger: Ledger, id: string): Promise<RunReport | undefined> {
  if (!isRunId(id)) return undefined;
  const pointer = await readPointer(ledger, id);
  return pointer === undefined ? undefined : await ledger.artifacts.getJson<RunReport>(pointer.report).catch(() => undefined);
}

/**
 * Closed runs older than `before` (a run's id; all where it is undefined), the latest first. Ids hold their time, so that
 * nothing but the names is read of the runs that are not shown.
 */
export async function listReports(
  ledger: Ledger,
  before: string | undefined,
  most: number,
): Promise<{ pointers: ReportPointer[]; more: boolean }> {
  const names = await readdir(ledger.directory.path("reports")).catch(() => []);
  const ids = names.flatMap((name) => (name.endsWith(".json") && isRunId(name.slice(0, -5)) ? [name.slice(0, -5)] : []));
  const older = ids
    .filter((id) => id.startsWith(RUN_ID_PREFIX) && (before === undefined || id < before))
    .sort()
    .reverse();
  const pointers = await Promise.all(older.slice(0, most).map((id) => readPointer(ledger, id)));
  return { pointers: pointers.filter((pointer) => pointer !== undefined), more: older.length > most };
}

async function readPointer(ledger: Ledger, id: string): Promise<ReportPointer | undefined> {
  try {
    return JSON.parse(await readFile(ledger.directory.path("reports", `${id}.json`), "utf8")) as ReportPointer;
  } catch {
    return undefined;
  }
}

/** Ids are file names here: nothing that could lead elsewhere. */
function isRunId(id: string): boolean {
  return /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$/.test(id);
}
