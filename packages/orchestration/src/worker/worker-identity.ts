import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import { hostname } from "node:os";
import { identify, isSameProcess } from "../process/process-table.ts";

/** Names the data directory in an identity, without its path. */
export function homeTag(home: string): string {
  return createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 12);
}

/** The identity under which this process polls: pid@host#start time#data directory. Shown in Temporal's UI. */
export function workerIdentity(home: string, pid = process.pid): string {
  const start = identify(pid)?.start_time ?? "unknown";
  return `${pid}@${hostname()}#${encodeURIComponent(start)}#${homeTag(home)}`;
}

/**
 * True where the worker of that identity ran on this machine for this data directory and is gone: its process is dead, or
 * its pid now belongs to a later process. Of any other identity nothing is known, so false.
 */
export function isDeadWorker(identity: string, home: string): boolean {
  const match = /^(\d+)@([^#]+)#([^#]+)#([0-9a-f]{12})$/.exec(identity);
  if (match === null) return false;
  const [, pid, host, start, tag] = match as unknown as [string, string, string, string, string];
  if (host !== hostname() || tag !== homeTag(home)) return false;
  return !isSameProcess({ pid: Number(pid), start_time: decodeURIComponent(start) });
}
