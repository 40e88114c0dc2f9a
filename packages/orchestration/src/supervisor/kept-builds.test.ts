import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { identify } from "../process/process-table.ts";
import { KeptBuilds } from "./kept-builds.ts";
import { WorkerSlot, type Launch } from "./worker-slot.ts";

let home: string;
let said: string[];
let started: Launch[];
let drained: WorkerSlot[];
let start: (launch: Launch) => WorkerSlot | undefined;
let kept: KeptBuilds;
const children: ReturnType<typeof spawn>[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kept-builds-"));
  [said, started, drained] = [[], [], []];
  start = (launch) => {
    started.push(launch);
    return new WorkerSlot(launch, identify(process.pid)!, join(home, "alive.json"));
  };
  kept = new KeptBuilds({
    home,
    server: "terraform",
    start: (launch) => start(launch),
    drain: (slot) => void drained.push(slot),
    log: (message) => void said.push(message),
  });
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

const newest = (): Launch => ({
  local: true,
  spec: {
    server: "terraform",
    version: "2.0.0",
    builtAt: "2026-02-02T00:00:00Z",
    build: join(home, "workers/terraform-2.0.0-bbb"),
    entry: "worker.cjs",
    args: ["worker"],
    env: { A: "1" },
  },
});

/** A build folder as `setup` leaves it. */
function install(
  build: string,
  facts: object | string = { server: "terraform", version: "1.0.0", built_at: "2026-01-01T00:00:00Z" },
): void {
  mkdirSync(join(home, "workers", build), { recursive: true });
  writeFileSync(join(home, "workers", build, "build.json"), typeof facts === "string" ? facts : JSON.stringify(facts));
}

describe("an older build", () => {
  it("that runs need is started once with the newest one's settings, and drained when they need it no longer", () => {
    install("terraform-1.0.0-aaa");
    kept.tick(["terraform-1.0.0-aaa"], newest());
    kept.tick(["terraform-1.0.0-aaa"], newest());
    expect(started).toEqual([
      {
        local: true,
        spec: {
          ...newest().spec,
          version: "1.0.0",
          builtAt: "2026-01-01T00:00:00Z",
          build: join(home, "workers/terraform-1.0.0-aaa"),
        },
      },
    ]);
    expect(kept.views).toEqual([{ build: "terraform-1.0.0-aaa", pid: process.pid, open_runs: null }]);
    expect(kept.records).toMatchObject([{ role: "kept", pid: process.pid }]);
    expect(kept.identities).toHaveLength(1);
    kept.tick([], newest());
    expect(drained).toHaveLength(1);
    expect([kept.slots, kept.views]).toEqual([[], []]);
    expect(said).toEqual(["an older worker build is kept: runs need it", "an older worker build is needed no longer"]);
  });

  it("is left as it is as long as the newest one has not said what it needs", () => {
    install("terraform-1.0.0-aaa");
    kept.tick(["terraform-1.0.0-aaa"], newest());
    kept.tick(undefined, newest());
    kept.tick([], undefined);
    expect(kept.slots).toHaveLength(1);
    expect(drained).toEqual([]);
  });

  it("that a dead predecessor kept is written down without a process until it is started again", () => {
    const launch = { ...newest(), spec: { ...newest().spec, build: join(home, "workers/terraform-1.0.0-aaa") } };
    kept.adopt(launch, undefined);
    expect(kept.records).toMatchObject([{ role: "kept", pid: 0 }]);
    // Its folder is gone: there is nothing to start.
    kept.tick(undefined, undefined);
    expect(started).toEqual([]);
    install("terraform-1.0.0-aaa");
    kept.tick(undefined, undefined);
    expect(started).toEqual([launch]);
  });

  it("whose process died is started again at once, and not again before its turn when it cannot start", async () => {
    install("terraform-1.0.0-aaa");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    children.push(child);
    const slot = new WorkerSlot(newest(), identify(child.pid!)!, join(home, "gone.json"));
    writeFileSync(join(home, "gone.json"), "{}");
    kept.adopt({ ...newest(), spec: { ...newest().spec, build: join(home, "workers/terraform-1.0.0-aaa") } }, slot);
    kept.tick(undefined, undefined);
    expect(started).toEqual([]);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    let tries = 0;
    start = () => void (tries += 1) as undefined;
    kept.tick(undefined, undefined);
    kept.tick(undefined, undefined);
    expect([tries, kept.slots.length]).toEqual([1, 0]);
    expect(said).toContain("a worker is gone");
  });
});

it.each([
  ["a path out of the folder", "../../etc"],
  ["a hidden folder", ".cache"],
  ["an option", "--kept-build"],
  ["nothing", ""],
  ["a name with a line break", "terraform-1.0.0\nx"],
  ["a folder that is not there", "terraform-0.0.1-zzz"],
  ["another server's build", "meta-workflows-1.0.0-aaa"],
  ["a build whose facts cannot be read", "terraform-1.0.0-broken"],
  ["the newest build itself", "terraform-2.0.0-bbb"],
])("a name that Temporal brought starts nothing where it is %s", (_, build) => {
  install("meta-workflows-1.0.0-aaa", { server: "meta-workflows", version: "1.0.0", built_at: "" });
  install("terraform-1.0.0-broken", "{");
  install("terraform-2.0.0-bbb");
  kept.tick([build], newest());
  expect([started, kept.views]).toEqual([[], []]);
});
