import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { effects, writeProject } from "../support/home.ts";
import { lives, pidOf, until } from "../support/processes.ts";
import { ended, openSession, phases, startRun, statusWhen, type Session } from "../support/run.ts";

// A disk that is really full: a small file system of its own, with everything of ours on it, Temporal's database included.
// Only root may mount one; what other users can test of it is in machine-faults.test.ts, by limits of processes.

const run = promisify(execFile);
const SIZE = "128m";
/** Longer than a worker may be silent before it counts as frozen. */
const FULL_MS = 14_000;

let disk: string;
let session: Session | undefined;
const before = process.env["TMPDIR"];
const mounts = process.platform === "linux" && process.getuid?.() === 0 && (await mountable());

async function mountable(): Promise<boolean> {
  const probe = await mkdtemp(join(tmpdir(), "disk-"));
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", probe]);
    await run("umount", [probe]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
}

beforeEach(async () => {
  if (!mounts) return;
  disk = await mkdtemp(join(tmpdir(), "disk-"));
  await run("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=0700`, "tmpfs", disk]);
  process.env["TMPDIR"] = disk;
});
afterEach(async () => {
  await session?.remove();
  session = undefined;
  if (before === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = before;
  if (!mounts) return;
  await run("umount", ["-l", disk]);
  await rm(disk, { recursive: true, force: true });
});

/** Takes all the room there is. */
async function fill(file: string): Promise<void> {
  const said = await run("dd", ["if=/dev/zero", `of=${file}`, "bs=4k"]).then(String, String);
  expect(said).toContain("No space left");
}

test.skipIf(!mounts)(
  "a disk that is full for a while ends neither worker nor supervisor nor the run; with room again it goes on",
  async () => {
    session = await openSession("");
    const { home, connect } = session;
    await writeProject(home.project, [{ name: "a" }]);
    const agent = await connect();
    const id = await startRun(agent);
    await statusWhen(agent, id, (data) => data["phase"] === "awaiting_approval");
    const kept = await Promise.all((["worker", "supervisor"] as const).map((part) => until(() => pidOf(home.home, part), part)));
    await fill(join(disk, "filler"));
    await sleep(FULL_MS);
    expect(kept.map(lives)).toEqual([true, true]);
    const refused = await agent.call("execute_workflow", { config_path: "infra.yaml" });
    // whichever meets it first: a file of ours, or Temporal's database
    expect(refused.data["error"], refused.text).toMatchObject({ code: expect.stringMatching(/^(storage_failed|temporal_unavailable)$/) });
    await rm(join(disk, "filler"));
    await until(async () => !(await agent.call("request_approval", { workflow_id: id })).isError, "the approval");
    expect(phases(await ended(agent, id))).toEqual({ a: "applied" });
    expect(await effects(home.project, "a")).toBe(1);
    expect(kept.map(lives)).toEqual([true, true]);
  },
);
