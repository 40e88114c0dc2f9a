import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cacheFolder, partialFolder, settle, sweepPartials, takeLock } from "./cache.mjs";

let cache: string;
beforeEach(() => void (cache = mkdtempSync(join(tmpdir(), "cache-test-"))));
afterEach(() => rmSync(cache, { recursive: true, force: true }));

const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

it("lies where the user says, else where caches lie", () => {
  expect(cacheFolder({ PLATFORM_OPS_CACHE: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" })).toBe("/a");
  expect(cacheFolder({ XDG_CACHE_HOME: "/b", HOME: "/c" })).toBe("/b/platform-ops");
  expect(cacheFolder({ HOME: "/c" })).toBe("/c/.cache/platform-ops");
});

it("shows a part only when it is whole; the result of a faster process stays", () => {
  const place = join(cache, "pnpm", "1.0.0");
  for (const text of ["first", "second"]) {
    const partial = partialFolder(cache, "pnpm");
    writeFileSync(join(partial, "x"), text);
    settle(partial, place);
  }
  expect(readFileSync(join(place, "x"), "utf8")).toBe("first");
});

it("sweeps what a killed set-up left, and nothing of a live one", () => {
  const ours = partialFolder(cache, "opentofu");
  mkdirSync(join(cache, `.partial-${deadPid()}-opentofu-abc`));
  mkdirSync(join(cache, "opentofu"));
  sweepPartials(cache);
  expect(readdirSync(cache).toSorted()).toEqual([ours.slice(cache.length + 1), "opentofu"].toSorted());
});

it("gives the lock to one at a time, and takes it from a dead holder", async () => {
  const order: string[] = [];
  const unlock = await takeLock(cache, "setup", () => undefined);
  const second = takeLock(cache, "setup", (pid: number) => order.push(`waits for ${pid === process.pid}`)).then((release) => {
    order.push("second");
    return release;
  });
  await expect.poll(() => order).toContain("waits for true");
  expect(order).not.toContain("second");
  unlock();
  (await second)();
  expect(order.at(-1)).toBe("second");

  writeFileSync(join(cache, "locks", "setup"), String(deadPid()));
  const again = await takeLock(cache, "setup", () => undefined);
  expect(readFileSync(join(cache, "locks", "setup"), "utf8")).toBe(String(process.pid));
  again();
  expect(existsSync(join(cache, "locks", "setup"))).toBe(false);
});
