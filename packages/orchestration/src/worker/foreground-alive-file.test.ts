import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AliveFile } from "./alive-file.ts";
import { foregroundAliveFile, sweepAliveFiles } from "./foreground-alive-file.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "alive-"));
  mkdirSync(join(home, "workers"));
});
afterEach(() => rmSync(home, { recursive: true }));

const here = (): string[] => readdirSync(join(home, "workers")).toSorted();
const LONG_AGO = new Date("2020-01-01T00:00:00Z");

describe("alive files of foreground workers", () => {
  it("stay while their worker lives, however long it was silent", () => {
    const file = foregroundAliveFile(home, process.pid);
    new AliveFile(file, { server: "s", build: "b" }).stop();
    utimesSync(file, LONG_AGO, LONG_AGO);
    expect(sweepAliveFiles(home)).toBe(0);
    expect(here()).toEqual([`alive-${process.pid}.json`]);
  });

  it("go when it was killed, with what it had begun to write; nothing else does", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const file = foregroundAliveFile(home, child.pid!);
    for (const path of [file, `${file}.${child.pid}`, join(home, "workers", "terraform-0.1.0-abc"), join(home, "workers", "alive-x.json")])
      writeFileSync(path, "");
    expect(sweepAliveFiles(home)).toBe(2);
    expect(here()).toEqual(["alive-x.json", "terraform-0.1.0-abc"]);
  });

  it("go when another process has its pid by now", () => {
    const file = foregroundAliveFile(home, process.pid);
    new AliveFile(file, { server: "s", build: "b" }).stop();
    const alive = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...alive, start_time: "1@another-boot" }));
    expect(sweepAliveFiles(home)).toBe(1);
    expect(here()).toEqual([]);
  });

  it("of earlier builds, which do not name themselves, go once they are old", () => {
    const file = foregroundAliveFile(home, process.pid);
    writeFileSync(file, JSON.stringify({ pid: process.pid, phase: "running" }));
    expect(sweepAliveFiles(home)).toBe(0);
    utimesSync(file, LONG_AGO, LONG_AGO);
    expect(sweepAliveFiles(home)).toBe(1);
  });

  it("need no folder", () => {
    expect(sweepAliveFiles(join(home, "none"))).toBe(0);
  });
});
