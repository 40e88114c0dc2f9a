import { identify } from "@platform-ops/orchestration";

/** Who holds a state lock, from the "Lock Info" that every backend prints or keeps. */
export interface LockInfo {
  readonly id: string;
  readonly path?: string;
  /** e.g. OperationTypeApply, OperationTypePlan. */
  readonly operation?: string;
  /** user@host */
  readonly who?: string;
  readonly version?: string;
  /** ISO 8601, to the millisecond. */
  readonly created?: string;
  readonly info?: string;
}

/** A program that we started and that takes the state lock. */
export interface LockHolderRecord {
  readonly pid: number;
  /** Start time as in `ProcessIdentity.start_time`; empty where it could not be read. */
  readonly start: string;
  readonly step: string;
  readonly host: string;
  readonly user: string;
  /** ISO 8601. */
  readonly started_at: string;
  readonly ended_at?: string;
}

export type LockOwner = "ours_live" | "ours_dead" | "foreign";

const toIso = (text: string): string | undefined => {
  // Go's time.String(): 2026-11-21 08:54:58.015488881 +0000 UTC
  const go = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,3})?\d* ([+-]\d\d)(\d\d)\b/.exec(text.trim());
  const time = new Date(go === null ? text.trim() : `${go[1]}T${go[2]}${go[3] ?? ""}${go[4]}:${go[5]}`);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
};

/**
 * Reads the "Lock Info:" block of an "Error acquiring the state lock" diagnostic; undefined where there is none
 * (some backends only say that the lock is held). Only the id is given where a backend tells no more of the holder.
 */
export function parseLockInfo(detail: string): LockInfo | undefined {
  const block = /Lock Info:\n((?:[ \t]+\w+:.*(?:\n|$))+)/.exec(detail)?.[1];
  if (block === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const line of block.split("\n")) {
    const field = /^\s+(\w+):\s*(.*?)\s*$/.exec(line);
    if (field !== null) fields.set(field[1] ?? "", field[2] ?? "");
  }
  const id = fields.get("ID");
  if (id === undefined || id === "") return undefined;
  const created = toIso(fields.get("Created") ?? "");
  // terraform's http backend (1.11) prints the info of the lock that it asked for, and of the holder's only the id.
  const holder = /already locked: ID=([^\s,]+)/.exec(detail)?.[1];
  if (holder !== undefined && holder !== id) return { id: holder };
  const optional = {
    path: fields.get("Path"),
    operation: fields.get("Operation"),
    who: fields.get("Who"),
    version: fields.get("Version"),
    created,
    info: fields.get("Info"),
  };
  return { id, ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== "")) };
}

/** Where no end of a program is known, a lock made later than this after its start is not taken for its own. */
const TAKES_LOCK_WITHIN_MS = 120_000;

const operationFits = (step: string, operation: string | undefined): boolean =>
  operation === undefined || operation.toLowerCase() === `operationtype${step}` || !/^OperationType(Plan|Apply)$/.test(operation);

/**
 * Tells whose a lock is. `ours_dead` needs proof: a program of ours on this host, of the lock's operation, began before
 * the lock was made and had not ended then, and is gone now (pid and start time). Anything less is `foreign`.
 */
export async function classifyLock(
  lock: LockInfo,
  ours: readonly LockHolderRecord[],
): Promise<{ owner: LockOwner; holder?: LockHolderRecord }> {
  if (lock.created === undefined || lock.who === undefined) return { owner: "foreign" };
  const created = Date.parse(lock.created);
  const candidates = ours
    .filter((record) => {
      const wasAlive =
        Date.parse(record.started_at) - 1_000 <= created &&
        (record.ended_at === undefined || created <= Date.parse(record.ended_at) + 1_000);
      return wasAlive && lock.who === `${record.user}@${record.host}` && operationFits(record.step, lock.operation);
    })
    .sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
  for (const holder of candidates) {
    const living = identify(holder.pid);
    if (living !== undefined && (holder.start === "" || living.start_time === holder.start)) return { owner: "ours_live", holder };
  }
  const holder = candidates.find(
    (record) => record.ended_at !== undefined || created <= Date.parse(record.started_at) + TAKES_LOCK_WITHIN_MS,
  );
  return holder === undefined ? { owner: "foreign" } : { owner: "ours_dead", holder };
}
