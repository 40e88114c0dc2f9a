import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadCached } from "./load-cached.ts";

let folder: string;
let bundle: string;
const said = (): unknown => (globalThis as { saidByBundle?: unknown }).saidByBundle;
const caches = async (): Promise<string[]> => (await readdir(folder)).filter((name) => name.endsWith(".cache"));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "load-cached-"));
  bundle = join(folder, "main.cjs");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (value: string): Promise<void> => writeFile(bundle, `#!/usr/bin/env node\n"use strict";globalThis.saidByBundle = [${JSON.stringify(value)}, require("node:path").basename(__filename), typeof module.exports];`);

test("the second start runs from the cache that the first one made", async () => {
  await write("one");
  expect(loadCached(bundle, 10)).toBe("compiled");
  expect(said()).toEqual(["one", "main.cjs", "object"]);
  await expect.poll(caches, { timeout: 10_000 }).toHaveLength(1);
  expect(loadCached(bundle, 10)).toBe("cached");
});

test("a changed bundle of equal length runs as it is now, and the old cache goes", async () => {
  await write("one");
  loadCached(bundle, 10);
  await expect.poll(caches, { timeout: 10_000 }).toHaveLength(1);
  const [old] = await caches();
  await write("two");
  expect(loadCached(bundle, 10)).toBe("compiled");
  expect(said()).toEqual(["two", "main.cjs", "object"]);
  await expect.poll(async () => (await caches()).length === 1 && (await caches())[0] !== old, { timeout: 10_000 }).toBe(true);
});

test.each<[string, (bytes: Buffer) => Buffer]>([
  ["cut", (bytes) => bytes.subarray(0, bytes.length / 2)],
  ["emptied", () => Buffer.alloc(0)],
  ["zeroed", (bytes) => Buffer.alloc(bytes.length)],
  ["altered", (bytes) => (bytes.writeUInt8(bytes[bytes.length - 5]! ^ 1, bytes.length - 5), bytes)],
])("a cache that was %s is not loaded", async (_, damage) => {
  await write("one");
  loadCached(bundle, 10);
  await expect.poll(caches, { timeout: 10_000 }).toHaveLength(1);
  const file = join(folder, (await caches())[0]!);
  await writeFile(file, damage(await readFile(file)));
  expect(loadCached(bundle, 10)).toBe("compiled");
  expect(said()).toEqual(["one", "main.cjs", "object"]);
});
