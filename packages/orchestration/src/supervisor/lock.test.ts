import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isLock, readHolder, takeLock } from "./lock.ts";

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lock-"));
  file = join(dir, "lock");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it("names the living holder, and is free again after release", () => {
  const mine = takeLock(file);
  if (!isLock(mine)) throw new Error("not taken");
  expect(takeLock(file)).toEqual(mine.holder);
  mine.release();
  expect(existsSync(file)).toBe(false);
  expect(isLock(takeLock(file))).toBe(true);
});

it("does not release what another one holds by now", () => {
  const mine = takeLock(file);
  if (!isLock(mine)) throw new Error("not taken");
  writeFileSync(file, JSON.stringify({ ...mine.holder, nonce: "0".repeat(24) }));
  mine.release();
  expect(existsSync(file)).toBe(true);
});

it.each([
  ["a dead process", JSON.stringify({ pid: 2 ** 22 + 1, start_time: "1@x", nonce: "a".repeat(24) })],
  ["a later process with the same pid", JSON.stringify({ pid: process.pid, start_time: "1@x", nonce: "b".repeat(24) })],
  ["nobody: the file is damaged", "{"],
  ["nobody: the file is empty", ""],
])("takes over from %s", (_who, text) => {
  writeFileSync(file, text);
  const mine = takeLock(file);
  expect(isLock(mine)).toBe(true);
  expect(readHolder(file)?.pid).toBe(process.pid);
  expect(readdirSync(dir)).toEqual(["lock"]);
});

it("goes to one of many that take over from a dead holder, even after one of them died over it", async () => {
  const bundle = join(dir, "take.cjs");
  const source = fileURLToPath(new URL("./lock.ts", import.meta.url));
  const program = `import { takeLock, isLock } from ${JSON.stringify(source)}; process.stdin.once("data", () => { const got = takeLock(${JSON.stringify(file)}); console.log(isLock(got) ? "mine" : "other"); }); process.stdin.once("end", () => process.exit(0)); console.log("ready");`;
  buildSync({ stdin: { contents: program, resolveDir: dir }, outfile: bundle, bundle: true, platform: "node", format: "cjs" });
  const nonce = "c".repeat(24);
  writeFileSync(file, JSON.stringify({ pid: 2 ** 22 + 1, start_time: "1@x", nonce }));
  writeFileSync(`${file}.${nonce}`, JSON.stringify({ pid: 2 ** 22 + 2, start_time: "1@x", nonce: "d".repeat(24) }));
  const children = Array.from({ length: 8 }, () => spawn(process.execPath, [bundle], { stdio: ["pipe", "pipe", "inherit"] }));
  const words = children.map(() => "");
  children.forEach((child, i) => child.stdout.setEncoding("utf8").on("data", (text: string) => (words[i] += text)));
  const all = async (what: (text: string) => boolean): Promise<void> => {
    while (!words.every(what)) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await all((text) => text.includes("ready"));
  for (const child of children) child.stdin.write("go\n");
  await all((text) => /mine|other/.test(text));
  expect(words.filter((text) => text.includes("mine"))).toHaveLength(1);
  const holder = (JSON.parse(readFileSync(file, "utf8")) as { pid: number }).pid;
  expect(holder).toBe(children[words.findIndex((text) => text.includes("mine"))]?.pid);
  const ended = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  for (const child of children) child.stdin.end();
  await Promise.all(ended);
});
