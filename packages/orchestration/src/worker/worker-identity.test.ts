import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDeadWorker, workerIdentity } from "./worker-identity.ts";

let home: string;
let otherHome: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "identity-"));
  otherHome = await mkdtemp(join(tmpdir(), "identity-"));
});
afterAll(() => Promise.all([home, otherHome].map((folder) => rm(folder, { recursive: true }))));

describe("worker identity", () => {
  it("names a living worker as alive", () => {
    expect(workerIdentity(home).startsWith(`${process.pid}@${hostname()}#`)).toBe(true);
    expect(isDeadWorker(workerIdentity(home), home)).toBe(false);
  });

  it("names a worker dead when its process is gone, and when its pid is another process's now", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const identity = workerIdentity(home, child.pid);
    expect(isDeadWorker(identity, home)).toBe(false);
    const recycled = workerIdentity(home).replace(/^\d+/, String(child.pid));
    expect(isDeadWorker(recycled, home)).toBe(true);
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exit;
    expect(isDeadWorker(identity, home)).toBe(true);
  });

  it("says nothing of workers of other machines, other data directories and other makes", () => {
    const gone = workerIdentity(home)
      .replace(/#[^#]+#/, "#1@long-ago#")
      .replace("@long-ago", "%40long-ago");
    expect(isDeadWorker(gone, home)).toBe(true);
    expect(isDeadWorker(gone, otherHome)).toBe(false);
    expect(isDeadWorker(gone.replace(hostname(), "elsewhere"), home)).toBe(false);
    for (const identity of ["", "1@host", `999999@${hostname()}`, "x@y#z#0123456789ab"]) expect(isDeadWorker(identity, home)).toBe(false);
  });
});
