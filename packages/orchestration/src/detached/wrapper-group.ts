import { setTimeout as sleep } from "node:timers/promises";
import {
  bootId,
  groupMembers,
  processSource,
  readProcess,
  waitForEmptyGroup,
  type ProcessIdentity,
  type ProcessSource,
} from "../process/process-table.ts";
import { Journal } from "./journal.ts";

/**
 * Pids that still work in the group of a wrapper. The kernel gives no new process the id of a living group: another leader
 * with that pid means that ours is gone.
 */
export function wrapperGroup(wrapper: ProcessIdentity, source: ProcessSource): number[] {
  const leader = readProcess(wrapper.pid, source);
  if (leader !== undefined && leader.startTime !== wrapper.start_time) return [];
  if (source === "proc" && !wrapper.start_time.endsWith(`@${bootId(source)}`)) return [];
  return groupMembers(wrapper.pid, source).map((row) => row.pid);
}

/** Whether anything of a journal's program still runs. */
export function isDetachedRunning(journal: string, source = processSource()): boolean {
  const started = new Journal(journal, source).started();
  return started.state === "yes" && wrapperGroup(started.wrapper, source).length > 0;
}

/** How long the members of a killed group are waited for, in milliseconds. */
const GONE_MS = 5_000;
const LOOKS = 20;
const LOOK_MS = 50;

/** Ends all that still runs of a journal's program, at once, children too; its exit code is then never known. */
export async function endDetached(journal: string, source = processSource()): Promise<void> {
  const kept = new Journal(journal, source);
  // A wrapper that has just taken the journal has not written its name yet.
  for (let i = 0; i < LOOKS && kept.started().state === "unknown"; i += 1) await sleep(LOOK_MS);
  const started = kept.started();
  if (started.state !== "yes" || wrapperGroup(started.wrapper, source).length === 0) return;
  try {
    process.kill(-started.wrapper.pid, "SIGKILL");
  } catch {
    return; // it ended by itself in this moment
  }
  await waitForEmptyGroup(started.wrapper.pid, GONE_MS, source);
}
