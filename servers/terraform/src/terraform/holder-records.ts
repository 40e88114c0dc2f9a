import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";

import type { LockHolderRecord } from "./lock-info.ts";

// What we started for a workspace is written beside its data directory's content, so that a later run of the same
// workspace can end a leftover, or prove that the holder of a lock is dead. A program that ended well leaves nothing.

const folder = (dataDir: string): string => join(dataDir, ".platform-ops", "processes");

/** Where the record of one step of one run (named by its private folder) is kept. */
export function holderRecordPath(dataDir: string, step: string, work: string): string {
  return join(folder(dataDir), `${step}-${createHash("sha256").update(work).digest("hex").slice(0, 16)}.json`);
}

/** Writes a record; synchronous, because it must be there before anything else can go wrong. */
export function writeHolderRecord(
  path: string,
  facts: { pid: number; start: string; step: string; started_at?: string; ended_at?: string },
): void {
  mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
  const record: LockHolderRecord = { host: hostname(), user: userInfo().username, started_at: new Date().toISOString(), ...facts };
  writeFileSync(path, JSON.stringify(record), { mode: 0o600 });
}

/** Removes the record of a program that ended orderly. */
export function removeHolderRecord(path: string): void {
  rmSync(path, { force: true });
}

/** The record at that path; undefined where there is none, or where it was cut off by a crash. */
export async function readHolderRecord(path: string): Promise<LockHolderRecord | undefined> {
  try {
    const value = JSON.parse(await readFile(path, "utf8")) as LockHolderRecord;
    return typeof value.pid === "number" && value.pid > 1 && typeof value.start === "string" && typeof value.started_at === "string"
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/** All records of a workspace. */
export async function listHolderRecords(dataDir: string): Promise<LockHolderRecord[]> {
  const names = await readdir(folder(dataDir)).catch(() => []);
  const records = await Promise.all(names.map((name) => readHolderRecord(join(folder(dataDir), name))));
  return records.filter((record) => record !== undefined);
}
