import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { WorkerAlive } from "../contract/alive.ts";
import { identify, isSameProcess } from "../process/process-table.ts";

/** `alive-PID.json`, and the name under which that process writes it anew. */
const NAME = /^alive-(\d+)\.json(\.\d+)?$/;
/** A living worker writes every second. Only files of builds that did not name themselves are judged by it, in milliseconds. */
const STALE = 60_000;

const folderOf = (home: string): string => join(home, "workers");

/** The alive file of a worker that no supervisor started. */
export function foregroundAliveFile(home: string, pid: number): string {
  return join(folderOf(home), `alive-${pid}.json`);
}

/** Takes away the alive files of foreground workers that died without a farewell. Returns how many files. */
export function sweepAliveFiles(home: string): number {
  let names: string[];
  try {
    names = readdirSync(folderOf(home));
  } catch {
    return 0; // no worker ever ran here
  }
  const left = names.filter((name) => isLeft(join(folderOf(home), name), Number(NAME.exec(name)?.[1])));
  for (const name of left) rmSync(join(folderOf(home), name), { force: true });
  return left.length;
}

/** Whether its writer is gone; a later process with the same pid is not taken for it. */
function isLeft(file: string, pid: number): boolean {
  if (Number.isNaN(pid)) return false;
  if (identify(pid) === undefined) return true;
  const { start_time } = told(file);
  return start_time === undefined ? isStale(file) : !isSameProcess({ pid, start_time });
}

/** Empty where a full disk took no bytes. */
function told(file: string): Partial<WorkerAlive> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as WorkerAlive;
  } catch {
    return {};
  }
}

function isStale(file: string): boolean {
  try {
    return Date.now() - statSync(file).mtimeMs > STALE;
  } catch {
    return false; // it is gone already
  }
}
