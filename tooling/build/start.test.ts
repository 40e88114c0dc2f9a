import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "starter-"));
  cpSync(join(import.meta.dirname, "start.cjs"), join(folder, "bin.js"));
  writeFileSync(join(folder, "package.json"), '{ "type": "commonjs" }');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Its code caches, and which file each is: one that is made again is another. */
const caches = (): [string, number][] =>
  readdirSync(join(folder, "cache"))
    .sort()
    .map((name) => [name, statSync(join(folder, "cache", name)).ino]);

it("takes the caches of the start before, though the server bounds its heap by a flag that V8 compares", { timeout: 60_000 }, () => {
  writeFileSync(
    join(folder, "main.cjs"),
    `const { setFlagsFromString } = require("node:v8");
     const [set, unset] = [25, 0].map((percent) => () => setFlagsFromString("--heap-growing-percent=" + percent));
     globalThis[Symbol.for("platform-ops.heap-flags")] = { set, unset };
     set();
     process.stdout.write(require("./late.cjs").text);`,
  );
  writeFileSync(join(folder, "late.cjs"), 'exports.text = "late";');
  const start = (): string => execFileSync(process.execPath, [join(folder, "bin.js")], { encoding: "utf8" });
  expect(start()).toBe("late");
  const made = caches();
  expect(made).toHaveLength(2);
  expect(start()).toBe("late");
  expect(caches()).toEqual(made);
});
