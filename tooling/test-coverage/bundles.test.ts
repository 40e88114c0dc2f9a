import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addStarter, bundleServer } from "../build/bundle.ts";
import { addBundles } from "./bundles.ts";
import type { CountedFile } from "./counted-files.ts";
import { addScript, bundleOf } from "./reports.ts";

const SOURCE = `export function say(word: string, loud: boolean): string {
  if (loud) {
    return word.toUpperCase();
  }
  return word === "" ? "nothing" : word;
}
export function never(): string {
  return "never";
}
`;
const BIN = `import { never, say } from "./say.ts";

const [, , word = "", loud] = process.argv;
console.log(word === "never" ? never() : say(word, loud === "loud"));
`;

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "test-coverage-")));
  for (const folder of ["servers/demo/src", "servers/demo/dist", "maps/demo", "reports"])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "servers/demo/src/say.ts"), SOURCE);
  writeFileSync(join(root, "servers/demo/src/bin.ts"), BIN);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test("what spawned bundles ran is counted at the sources, summed up over their processes", async () => {
  const dist = join(root, "servers/demo/dist");
  await bundleServer(root, "demo", dist, true);
  addStarter(join(import.meta.dirname, "../.."), dist, true);
  renameSync(join(dist, "main.cjs.map"), join(root, "maps/demo/main.cjs.map"));
  execFileSync("cp", [join(dist, "main.cjs"), join(root, "maps/demo")]);
  const start = (...words: string[]): string =>
    execFileSync(process.execPath, [join(dist, "bin.js"), ...words], {
      encoding: "utf8",
      env: { NODE_V8_COVERAGE: join(root, "reports") },
    }).trim();
  expect([start("hush"), start("hush", "loud"), start("hush", "loud")]).toEqual(["hush", "HUSH", "HUSH"]);
  writeFileSync(join(root, "reports/coverage-of-one-that-was-killed.json"), '{"result":[{"url":"file:///');

  const file: CountedFile = {
    statementMap: { 0: place(3, 4), 1: place(5, 2), 2: place(8, 2), 3: place(5, 9) },
    s: { 0: 0, 1: 0, 2: 0, 3: 0 },
    branchMap: { 0: { type: "if", loc: place(2, 2), locations: [1, 2] }, 1: { type: "cond-expr", loc: place(5, 9), locations: [1, 2] } },
    b: { 0: [0, 0], 1: [0, 0] },
  };
  expect(await addBundles({ [join(root, "servers/demo/src/say.ts")]: file }, root, join(root, "maps"), join(root, "reports"))).toBe(1);
  expect(file.s).toEqual({ 0: 2, 1: 1, 2: 0, 3: 0 });
  expect(file.b).toEqual({ 0: [2, 1], 1: [0, 1] });
});

test("a bundle is known by its server, also where a worker runs a copy of it", () => {
  expect(bundleOf("file:///r/servers/terraform/dist/main.cjs")).toBe("terraform/main.cjs");
  expect(bundleOf("file:///h/workers/meta-workflows-0.1.0-0a1b/worker.cjs")).toBe("meta-workflows/worker.cjs");
  for (const url of ["node:fs", "file:///r/servers/terraform/src/bin.ts", "file:///h/workers/x/worker.cjs", ""])
    expect(bundleOf(url)).toBeUndefined();
});

test("the innermost range around a character has its count, and a wrapper is taken off", () => {
  const sum = new Float64Array(4);
  const range = (startOffset: number, endOffset: number, count: number) => ({ startOffset, endOffset, count });
  const of = (...ranges: ReturnType<typeof range>[]) => [{ functionName: "", isBlockCoverage: true, ranges }];
  addScript(sum, [...of(range(1, 3, 0)), ...of(range(0, 4, 1), range(2, 3, 7))]);
  expect([...sum]).toEqual([1, 0, 7, 1]);
  addScript(sum, of(range(0, 70, 1), range(63, 64, 5)));
  expect([...sum]).toEqual([2, 5, 8, 2]);
});

function place(line: number, column: number) {
  return { start: { line, column } };
}
