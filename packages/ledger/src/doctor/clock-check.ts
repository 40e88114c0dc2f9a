import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./check.ts";

const TOLERATED_MS = 5 * 60_000;

/** What is known of the time without asking anybody. */
export interface ClockWitnesses {
  readonly home: string;
  /** When this build was made; the clock cannot be before that. */
  readonly builtAt: string | undefined;
  readonly now?: () => number;
}

/**
 * The clock, by what can be known here: it is not before this release, not before what is on record, and the data directory's
 * file system tells the same time. Approvals, logins and tokens end by it.
 */
export async function clockCheck({ home, builtAt, now = Date.now }: ClockWitnesses): Promise<Check> {
  const about = { id: "clock", name: "clock", found: new Date(now()).toISOString() } as const;
  const cure = "Set the clock, best by the system's time service: approvals, logins and tokens end by it.";
  const built = builtAt === undefined ? Number.NaN : Date.parse(builtAt);
  if (now() < built - TOLERATED_MS)
    return { ...about, status: "broken", found: `${about.found}, before this release was made`, wanted: `after ${builtAt}`, cure };
  const recorded = await lastRecorded(home);
  if (recorded !== undefined && now() < recorded - TOLERATED_MS)
    return {
      ...about,
      status: "warn",
      found: `${about.found}, before what is on record`,
      wanted: `after ${new Date(recorded).toISOString()}`,
      cure,
    };
  const skew = await fileSystemSkew(home, now);
  if (skew !== undefined && Math.abs(skew) > TOLERATED_MS)
    return {
      ...about,
      status: "warn",
      found: `${Math.round(Math.abs(skew) / 60_000)} min ${skew > 0 ? "behind" : "before"} the data directory's file system`,
      cure,
    };
  return { ...about, status: "ok" };
}

/** The time of the newest entry of the audit. */
async function lastRecorded(home: string): Promise<number | undefined> {
  try {
    const names = (await readdir(join(home, "audit"))).filter((name) => /^\d{4}-\d{2}-\d{2}\.jsonl$/.test(name)).toSorted();
    const newest = names.at(-1);
    if (newest === undefined) return undefined;
    const text = await readFile(join(home, "audit", newest), "utf8");
    const times = [...text.slice(-8192).matchAll(/"time":"([^"]{20,30})"/g)].map(([, time]) => Date.parse(time!));
    return times.findLast((time) => !Number.isNaN(time));
  } catch {
    return undefined;
  }
}

/** How far a file system's own clock is ahead of ours: a network's may be another machine's. */
async function fileSystemSkew(home: string, now: () => number): Promise<number | undefined> {
  const probe = join(home, `.clock-${process.pid}`);
  try {
    await writeFile(probe, "", { mode: 0o600 });
    return (await stat(probe)).mtimeMs - now();
  } catch {
    return undefined;
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
