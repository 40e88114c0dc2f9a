import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WorkspaceLock, type LockHolder } from "./workspace-lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const holder = (run: string): LockHolder => ({ run, workspace: "vpc", dir: "/x", since: "2026-01-01T00:00:00Z" });
const open = async (): Promise<boolean> => true;
const closed = async (): Promise<boolean> => false;

test("one run holds a workspace; another learns who does; the same run takes it again", async () => {
  const lock = new WorkspaceLock(folder, "k");
  expect(await lock.take(holder("a"), open)).toEqual({ held: true });
  expect(await lock.take(holder("b"), open)).toMatchObject({ held: false, by: { run: "a", workspace: "vpc" } });
  expect(await lock.take(holder("a"), open)).toEqual({ held: true });
});

test("only the holder's release frees it", async () => {
  const lock = new WorkspaceLock(folder, "k");
  await lock.take(holder("a"), open);
  await lock.release("b");
  expect(await lock.holder()).toMatchObject({ run: "a" });
  await lock.release("a");
  expect(await lock.holder()).toBeUndefined();
});

test("of many that find a closed run's lock, exactly one takes it over", async () => {
  for (let round = 0; round < 20; round += 1) {
    const lock = new WorkspaceLock(folder, `k${round}`);
    await lock.take(holder("dead"), open);
    const isOpen = async (run: string): Promise<boolean> => run !== "dead";
    const takes = await Promise.all(Array.from({ length: 8 }, (_, i) => lock.take(holder(`run-${i}`), isOpen)));
    expect(takes.filter((take) => take.held)).toHaveLength(1);
  }
});

test("a damaged lock file and the guard of a dead process do not block for ever", async () => {
  await writeFile(join(folder, "k.lock"), "{");
  await writeFile(join(folder, "k.lock.remove"), "999999999");
  expect(await new WorkspaceLock(folder, "k").take(holder("a"), closed)).toEqual({ held: true });
});
