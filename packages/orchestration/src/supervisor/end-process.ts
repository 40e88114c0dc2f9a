import { setTimeout as sleep } from "node:timers/promises";
import { isSameProcess, readProcess, type ProcessIdentity } from "../process/process-table.ts";

/** Sends a signal to exactly that process; false where it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isSameProcess(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** SIGTERM, then SIGKILL where it still lives after that time, or is stopped and cannot hear. Resolves when it is gone. */
export async function endProcess(identity: ProcessIdentity, graceMs: number): Promise<void> {
  signalProcess(identity, "SIGTERM");
  const end = Date.now() + graceMs;
  while (isSameProcess(identity)) {
    if (Date.now() > end || readProcess(identity.pid)?.state.startsWith("T") === true) signalProcess(identity, "SIGKILL");
    await sleep(50);
  }
}
