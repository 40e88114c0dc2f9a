import { OpsError } from "@platform-ops/errors";

import { listHolderRecords } from "./holder-records.ts";
import { classifyLock, type LockInfo } from "./lock-info.ts";
import { failureOf, runProgram } from "./run-program.ts";
import type { StepContext } from "./step.ts";

// Lock ids are chosen by backends (UUIDs, object names, numbers); nothing that could be read as an option.
const LOCK_ID = /^[A-Za-z0-9_./:][\w./:=+-]{0,255}$/;

/**
 * Releases a state lock that a dead program of ours left (`force-unlock`). Proves again that it is ours and dead; any
 * other lock is `not_allowed`. Throws the classified failure of the program.
 */
export async function releaseDeadLock(ctx: StepContext, lock: LockInfo): Promise<void> {
  const { owner } = await classifyLock(lock, await listHolderRecords(ctx.dataDir));
  if (owner !== "ours_dead" || !LOCK_ID.test(lock.id)) {
    throw new OpsError(
      "not_allowed",
      `The state lock ${lock.id.slice(0, 100)} is not proven to be left by a dead program of ours (${owner}).`,
      {
        hint: `Ask its holder${lock.who === undefined ? "" : ` (${lock.who})`}; a person may release it with force-unlock.`,
        details: { lock, lock_owner: owner },
      },
    );
  }
  const end = await runProgram(ctx, { step: "force-unlock", args: ["force-unlock", "-force", lock.id] });
  if (end.code !== 0) throw failureOf(ctx, "force-unlock", end);
}
