import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AliveFile } from "./alive-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "alive-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const LONG_AGO = new Date("2020-01-01T00:00:00Z");
/** What stands in the way of every write of this process, as a full disk does: a folder under the name of its temporary file. */
const fill = (file: string): void => void mkdirSync(`${file}.${process.pid}`);

describe("the alive file", () => {
  it("is whole and private", () => {
    const file = join(folder, "alive.json");
    const alive = new AliveFile(file, { server: "s", build: "b" });
    alive.tell({ phase: "running", open_runs: 2, left_to: ["older"] });
    alive.stop();
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      pid: process.pid,
      phase: "running",
      open_runs: 2,
      left_to: ["older"],
      server: "s",
      build: "b",
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("has a new time where nothing can be written, and keeps what it said", () => {
    const file = join(folder, "alive.json");
    const alive = new AliveFile(file, { server: "s", build: "b" });
    utimesSync(file, LONG_AGO, LONG_AGO);
    fill(file);
    alive.tell({ phase: "running" });
    alive.stop();
    expect(statSync(file).mtimeMs).toBeGreaterThan(LONG_AGO.getTime());
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ phase: "connecting" });
  });

  it("is there, and empty, where nothing could ever be written; where its folder is gone it ends nothing", () => {
    const file = join(folder, "alive.json");
    fill(file);
    new AliveFile(file, { server: "s", build: "b" }).stop();
    expect(readFileSync(file, "utf8")).toBe("");
    const gone = join(folder, "gone", "alive.json");
    new AliveFile(gone, { server: "s", build: "b" }).stop();
    expect(existsSync(gone)).toBe(false);
  });
});
