import type { Orchestration } from "../contract/orchestration.ts";

/** Calls ask for a worker only where they need one: reading needs none. */
export interface Need {
  readonly worker: boolean;
}

/** A connection to Temporal that is made by the first call that needs it, and kept. */
export interface KeptOrchestration {
  /** Throws what opening throws; the next call then tries again. */
  get(need: Need): Promise<Orchestration>;
  close(): Promise<void>;
}

/** What keeping needs. */
export interface KeepParts {
  open(need: Need): Promise<Orchestration>;
  /** Whether somebody still keeps alive what `open` found or started. */
  isKept(open: Orchestration, need: Need): Promise<boolean>;
  /** Milliseconds for which an answer of `isKept` is believed. */
  readonly lookAfterMs?: number;
  /** Milliseconds that calls in flight on a connection which was replaced have left; none of their requests takes longer. */
  readonly retireAfterMs?: number;
}

interface Kept {
  readonly opening: Promise<Orchestration>;
  readonly need: Need;
  lookedAt: number;
}

/**
 * Keeps one connection. Local Temporal and worker are kept alive by a supervisor that can die, or end when nobody needed it
 * for long: the connection may go on working, or not, but nothing that dies afterwards would come back. So a call looks
 * whether it is there, and opens anew where it is not.
 */
export function keepOrchestration({ open, isKept, lookAfterMs = 1_000, retireAfterMs = 15_000 }: KeepParts): KeptOrchestration {
  let kept: Kept | undefined;
  const openAnew = (need: Need): Promise<Orchestration> => {
    const old = kept;
    const made: Kept = { opening: open(need), need, lookedAt: Date.now() };
    kept = made;
    made.opening.then(
      () => void (old === undefined ? undefined : setTimeout(() => void closed(old), retireAfterMs).unref()),
      () => {
        if (kept === made) kept = old;
      },
    );
    return made.opening;
  };
  const get = async (need: Need): Promise<Orchestration> => {
    const found = kept;
    if (found === undefined || (need.worker && !found.need.worker)) return openAnew(need);
    const opened = await found.opening;
    if (Date.now() - found.lookedAt < lookAfterMs) return opened;
    found.lookedAt = Date.now();
    if (await isKept(opened, found.need)) return opened;
    // Another call may have opened anew in the meantime.
    return kept === found ? openAnew(need) : get(need);
  };
  return { get, close: async () => void (kept === undefined ? undefined : await closed(kept)) };
}

async function closed(kept: Kept): Promise<void> {
  await kept.opening.then((open) => open.close()).catch(() => undefined);
}
