import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fileStart, keepStart, knownStart, type FileStart } from "./known-start.ts";
import type { Start } from "./unconfigured.ts";

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
const start = (over: Partial<Start> = {}): Start => ({
  argv: ["--root", "infra"],
  env: { PLATFORM_OPS_HOME: at("home"), PLATFORM_OPS_CONFIG: at("config.yaml"), PATH: "/usr/bin" },
  cwd: folder,
  home: folder,
  platform: "linux",
  ...over,
});
const look = (over: Partial<Start> = {}): FileStart => {
  const found = fileStart(start(over), at("reader.cjs"));
  expect(found).toBeDefined();
  return found as FileStart;
};
/** Keeps it as of ten seconds later, when no file is young any more. */
const keep = (of: FileStart, readOnly: boolean, more: readonly string[] = []): void =>
  keepStart(of, { readOnly }, more, Date.now() + 10_000);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "known-start-"));
  for (const name of ["home", "infra", "other"]) mkdirSync(at(name), { mode: 0o700 });
  for (const name of ["config.yaml", "second.yaml", "third.yaml", "signers", "reader.cjs"]) writeFileSync(at(name), "a: 1\n");
});
beforeEach(() => rmSync(at("home/known-starts.json"), { force: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what was told of a start", () => {
  it.each([true, false])("is known to the next that is the same (read-only: %s)", (readOnly) => {
    expect(knownStart(look())).toBeUndefined();
    keep(look(), readOnly, [at("signers")]);
    expect(knownStart(look())).toEqual({ readOnly });
    expect(statSync(at("home/known-starts.json")).mode & 0o777).toBe(0o600);
    expect(readFileSync(at("home/known-starts.json"), "utf8")).not.toContain("a: 1");
  });

  it("is known with its toolsets", () => {
    keepStart(look(), { readOnly: true, toolsets: ["plans"] }, [], Date.now() + 10_000);
    expect(knownStart(look())).toEqual({ readOnly: true, toolsets: ["plans"] });
    const known = at("home/known-starts.json");
    writeFileSync(known, readFileSync(known, "utf8").replace('["plans"]', '"plans"'));
    expect(knownStart(look())).toBeUndefined();
  });

  it("is kept for several that differ, and the oldest goes", () => {
    keep(look({ argv: [] }), true);
    for (let i = 0; i < 15; i += 1) keep(look({ argv: Array.from({ length: i + 1 }, () => ["--root", "infra"]).flat() }), false);
    expect(knownStart(look({ argv: [] }))).toEqual({ readOnly: true });
    keep(look({ argv: ["--root", "other"] }), false);
    expect(knownStart(look({ argv: [] }))).toBeUndefined();
    expect(knownStart(look())).toEqual({ readOnly: false });
  });

  it("is kept beside what was told to another server", () => {
    const other = fileStart(start(), at("second.yaml")) as FileStart;
    keep(look(), true);
    keep(other, false);
    expect([knownStart(look()), knownStart(other)]).toEqual([{ readOnly: true }, { readOnly: false }]);
  });

  it.each<[string, () => Partial<Start>]>([
    ["another root", () => ({ argv: ["--root", "other"] })],
    ["another folder", () => ({ cwd: at("home"), argv: [] })],
    ["another cache", () => ({ env: { ...start().env, PLATFORM_OPS_CACHE: at("home") } })],
    ["another operator's file", () => ({ env: { ...start().env, PLATFORM_OPS_CONFIG: at("second.yaml") } })],
  ])("is not taken for %s", (_, over) => {
    keep(look(), false);
    expect(knownStart(look(over()))).toBeUndefined();
  });

  it.each<[string, string, (path: string) => void]>([
    ["the operator's file has other text of the same length", "config.yaml", (path) => writeFileSync(path, "a: 2\n")],
    ["the operator's file may be written by others", "config.yaml", (path) => chmodSync(path, 0o666)],
    ["the operator's file is gone", "config.yaml", (path) => rmSync(path)],
    ["the file of signers is gone", "signers", (path) => rmSync(path)],
    ["the build is another", "reader.cjs", (path) => writeFileSync(path, "b")],
  ])("ends when %s", async (_, name, change) => {
    keep(look(), false, [at("signers")]);
    expect(knownStart(look())).toEqual({ readOnly: false });
    // The clock of a file system may go in steps of ten milliseconds.
    await sleep(20);
    change(at(name));
    expect(knownStart(look())).toBeUndefined();
    writeFileSync(at(name), "a: 1\n");
    chmodSync(at(name), 0o600);
  });
});

describe("nothing is kept", () => {
  it("of files that have just changed, or that changed while they were read", () => {
    writeFileSync(at("third.yaml"), "a: 3\n");
    const over = { env: { ...start().env, PLATFORM_OPS_CONFIG: at("third.yaml") } };
    keepStart(look(over), { readOnly: false }, []);
    expect(knownStart(look(over))).toBeUndefined();
    const before = look(over);
    chmodSync(at("third.yaml"), 0o640);
    keep(before, false);
    expect(knownStart(look(over))).toBeUndefined();
    keep(look(over), false);
    expect(knownStart(look(over))).toEqual({ readOnly: false });
  });

  it("where there is no data directory, which is not made", () => {
    const over = { env: { ...start().env, PLATFORM_OPS_HOME: at("absent") } };
    keep(look(over), false);
    expect(existsSync(at("absent"))).toBe(false);
  });
});

it.each(["", "{", "null", "[null, 1, {}]", `[{"said": 1, "files": {}, "readOnly": false}]`, " ".repeat(300_000)])(
  "what is kept may be damaged: it is read anew and replaced",
  (text) => {
    writeFileSync(at("home/known-starts.json"), text);
    expect(knownStart(look())).toBeUndefined();
    keep(look(), true);
    expect(knownStart(look())).toEqual({ readOnly: true });
  },
);

it("a start whose files are not all that speaks, or may not be looked at, is none of files", () => {
  symlinkSync(at("loop"), at("loop"));
  const { env } = start();
  for (const over of [
    { argv: ["--read-only"] },
    { argv: ["--root", "absent"] },
    { env: { ...env, LOG_LEVEL: "warn" } },
    { env: { ...env, PLATFORM_OPS_READ_ONLY: "true" } },
    { env: { ...env, TEMPORAL_ADDRESS: "x:7233" } },
    { env: { ...env, PLATFORM_OPS_HOME: "~/home" } },
    { env: { ...env, PLATFORM_OPS_CACHE: "here" } },
    { env: { ...env, PLATFORM_OPS_CONFIG: "" } },
    { env: { ...env, PLATFORM_OPS_CONFIG: at("loop") } },
    { home: "relative" },
  ])
    expect(fileStart(start(over), at("reader.cjs")), JSON.stringify(over)).toBeUndefined();
});
