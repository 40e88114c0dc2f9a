import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

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

describe("where the bundle's folder is not ours to write to", { timeout: 60_000 }, () => {
  let own: string;
  beforeEach(() => {
    // No folder can be made there, by root neither.
    writeFileSync(join(folder, "cache"), "");
    mkdirSync(join(folder, "home"));
    own = join(folder, "home", ".cache", "platform-ops", "code");
    program("good");
  });

  /** Programs of the same length, which is all of a source that V8 compares. */
  const program = (says: "good" | "evil"): void =>
    writeFileSync(join(folder, "main.cjs"), `process.stdout.write([..."${says}"].join(""));`);
  const start = (env: Record<string, string> = { HOME: join(folder, "home") }): string =>
    execFileSync(process.execPath, [join(folder, "bin.js")], { encoding: "utf8", env });
  const only = (): string => {
    const [name, ...more] = readdirSync(own);
    expect(more).toEqual([]);
    return join(own, name!);
  };

  // macOS has another place for it.
  it.skipIf(process.platform === "darwin")("the user's own cache has it, for nobody else, and the next start takes it", () => {
    expect(start()).toBe("good");
    expect([statSync(own).mode & 0o777, statSync(only()).mode & 0o777]).toEqual([0o700, 0o600]);
    const made = statSync(only()).ino;
    expect(start()).toBe("good");
    expect(statSync(only()).ino).toBe(made);
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    expect(start({ PLATFORM_OPS_CACHE: elsewhere })).toBe("good");
    expect(readdirSync(join(elsewhere, "code"))).toHaveLength(1);
  });

  it("is made in no home that is somebody else's, and in none that is not there", () => {
    for (const env of [{}, { HOME: "relative" }, { HOME: join(folder, "nowhere") }, { HOME: "/proc/1/nowhere" }])
      expect(start(env)).toBe("good");
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
    if (process.getuid?.() !== 0) return;
    chownSync(join(folder, "home"), 65_534, 65_534);
    expect(start()).toBe("good");
    expect(readdirSync(join(folder, "home"))).toEqual([]);
  });

  it.skipIf(process.platform === "darwin")("what somebody else can have written there is never run", () => {
    program("evil");
    expect(start()).toBe("evil");
    const cache = only();
    const bytes = readFileSync(cache);
    program("good");
    const plant = (): void => {
      rmSync(own, { recursive: true, force: true });
      mkdirSync(own, { mode: 0o700 });
      writeFileSync(cache, bytes, { mode: 0o600 });
    };
    // V8 itself would run it.
    expect(start()).toBe("evil");
    const ways: (() => void)[] = [
      () => chmodSync(own, 0o777),
      () => chmodSync(own, 0o750),
      () => chmodSync(cache, 0o620),
      () => {
        renameSync(cache, join(folder, "elsewhere.bin"));
        symlinkSync(join(folder, "elsewhere.bin"), cache);
      },
      () => {
        renameSync(own, join(folder, "elsewhere"));
        symlinkSync(join(folder, "elsewhere"), own);
      },
    ];
    if (process.getuid?.() === 0) ways.push(...[own, cache].map((path) => () => chownSync(path, 65_534, 65_534)));
    for (const [at, change] of ways.entries()) {
      plant();
      change();
      expect(start(), `way ${at}`).toBe("good");
      for (const left of ["elsewhere", "elsewhere.bin"]) rmSync(join(folder, left), { recursive: true, force: true });
    }
  });

  it.skipIf(process.platform === "darwin")("keeps the newest 64 files", () => {
    mkdirSync(own, { recursive: true, mode: 0o700 });
    for (let at = 0; at < 80; at += 1) {
      writeFileSync(join(own, `old-${at}.bin`), "");
      utimesSync(join(own, `old-${at}.bin`), 1_000 + at, 1_000 + at);
    }
    expect(start()).toBe("good");
    const names = readdirSync(own);
    expect(names).toHaveLength(64);
    expect(names).toContain("old-79.bin");
    expect(names.filter((name) => name.startsWith("main-"))).toHaveLength(1);
  });
});
