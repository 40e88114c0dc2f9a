import { existsSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ensureWorkers } from "../local/ensure-local.ts";
import { stopSupervisor, supervisorStatus } from "../local/supervisor-client.ts";
import { watchSupervisor } from "../local/watch-supervisor.ts";
import { identify } from "../process/process-table.ts";
import { socketPath } from "./protocol.ts";
import { Bench, processesNaming, until } from "./testing/bench.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.close(), 60_000);

const workerPid = async (): Promise<number | undefined> => (await bench.status()).workers[0]?.pid;

describe("the supervisor and its workers", () => {
  it("is one for any number of starters, on a socket for this user alone", async () => {
    const workers = [bench.worker("a")];
    const ended = await Promise.all(Array.from({ length: 6 }, () => ensureWorkers(bench.options({ workers }))));
    expect(new Set(ended.map(({ pid }) => pid)).size).toBe(1);
    expect(bench.starts()).toHaveLength(1);
    expect(statSync(socketPath(bench.home)).mode & 0o777).toBe(0o600);
    expect(statSync(join(bench.home, "supervisor", "state.json")).mode & 0o777).toBe(0o600);
  });

  it("gives the worker its own environment, without TEMPORAL_DEBUG, and no Temporal address in cluster mode", async () => {
    await ensureWorkers(bench.options({ workers: [bench.worker("a")] }));
    expect(bench.starts()[0]).toMatchObject({ mark: "a" });
    expect(bench.starts()[0]?.debug).toBeUndefined();
    expect(bench.starts()[0]?.local).toBeUndefined();
  });

  it("starts a killed worker again", async () => {
    await ensureWorkers(bench.options({ workers: [bench.worker("a")] }));
    const first = (await workerPid()) as number;
    process.kill(first, "SIGKILL");
    await until(async () => ![undefined, first].includes(await workerPid()) && (await bench.status()).workers[0]?.phase === "running");
    expect(bench.starts()).toHaveLength(2);
  });

  it("kills a frozen worker and starts another", async () => {
    await ensureWorkers(bench.options({ workers: [bench.worker("a")] }));
    const first = (await workerPid()) as number;
    process.kill(first, "SIGSTOP");
    await until(() => identify(first) === undefined, 18_000);
    await until(() => bench.starts().length === 2);
    expect(await workerPid()).not.toBe(first);
  }, 30_000);

  it("adopts living workers after its own death", async () => {
    const workers = [bench.worker("a")];
    const { pid } = await ensureWorkers(bench.options({ workers }));
    const worker = await workerPid();
    process.kill(pid, "SIGKILL");
    await until(() => identify(pid) === undefined);
    const next = await ensureWorkers(bench.options({ workers }));
    expect(next.pid).not.toBe(pid);
    expect(await workerPid()).toBe(worker);
    expect(bench.starts()).toHaveLength(1);
    // and goes on keeping it
    process.kill(worker as number, "SIGKILL");
    await until(() => bench.starts().length === 2);
  });

  it("lets the newest build win, drains the old one after the new one runs, and never goes back", async () => {
    const old = bench.worker("old");
    const young = bench.worker("young", { version: "1.1.0" });
    await ensureWorkers(bench.options({ workers: [old] }));
    const first = await workerPid();
    await ensureWorkers(bench.options({ workers: [young] }));
    expect((await bench.status()).workers[0]).toMatchObject({ version: "1.1.0", build: "young", phase: "running" });
    await until(() => bench.drained().length === 1);
    expect(bench.drained()).toEqual([first]);
    await ensureWorkers(bench.options({ workers: [old] }));
    expect(await workerPid()).toBe(bench.starts()[1]?.pid);
    expect(bench.starts()).toHaveLength(2);
  });

  it("keeps an older build beside the newest for as long as that one says that runs need it, through deaths of both", async () => {
    const old = bench.installed("old");
    const young = bench.installed("young", { version: "1.1.0" });
    bench.leaveTo("young", ["old", "../young", "gone", "young"]);
    await ensureWorkers(bench.options({ workers: [old] }));
    const { pid } = await ensureWorkers(bench.options({ workers: [young] }));
    const view = async () => (await bench.status()).workers[0];
    const keptPid = async (): Promise<number | undefined> => (await view())?.kept[0]?.pid;
    // a sign of life of its own, not only a process
    const lives = async (): Promise<boolean> =>
      (await view())?.phase === "running" && typeof (await view())?.kept[0]?.open_runs === "number";
    await until(lives);
    expect(await view()).toMatchObject({ build: "young", kept: [{ build: "old" }] });
    expect(bench.starts().map(({ build, kept }) => `${build}${kept ? " kept" : ""}`)).toEqual(["old", "young", "old kept"]);
    const first = (await keptPid()) as number;
    // It dies while no supervisor sees it: the next one knows that it must live.
    process.kill(pid, "SIGKILL");
    await until(() => identify(pid) === undefined);
    process.kill(first, "SIGKILL");
    await ensureWorkers(bench.options({ workers: [old] }));
    await until(async () => (await keptPid()) !== first && (await lives()));
    expect(await view()).toMatchObject({ build: "young", kept: [{ build: "old" }] });
    const second = (await keptPid()) as number;
    bench.leaveTo("young", []);
    await until(async () => (await view())?.kept.length === 0 && identify(second) === undefined);
    expect(bench.drained()).toContain(second);
    expect(await view()).toMatchObject({ build: "young", phase: "running" });
  });

  it("keeps the old build where a newer one does not start", async () => {
    await ensureWorkers(bench.options({ workers: [bench.worker("old")] }));
    await ensureWorkers(bench.options({ workers: [bench.worker("bad", { version: "2.0.0", mode: "dies" })] }));
    expect((await bench.status()).workers[0]).toMatchObject({ build: "old", phase: "running" });
    expect(bench.drained()).toEqual([]);
  });

  it("says which worker does not start and where its words are", async () => {
    const failing = ensureWorkers(bench.options({ workers: [bench.worker("bad", { mode: "dies" })] }));
    await expect(failing).rejects.toMatchObject({ code: "worker_unavailable", hint: expect.stringContaining("worker-fake.log") as string });
  });

  it("stops itself and its workers when nothing is open and nobody asks, and not before", async () => {
    writeFileSync(join(bench.root, "open"), "1");
    const { pid } = await ensureWorkers(bench.options({ workers: [bench.worker("a")], idleMinutes: 0.01 }));
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(identify(pid)).toBeDefined();
    writeFileSync(join(bench.root, "open"), "0");
    await until(() => identify(pid) === undefined);
    expect(bench.drained()).toEqual([bench.starts()[0]?.pid]);
    expect(existsSync(socketPath(bench.home))).toBe(false);
    expect(existsSync(join(bench.home, "supervisor", "lock"))).toBe(false);
    expect(processesNaming(bench.root)).toEqual([]);
  });

  it("stops what a dead supervisor left", async () => {
    const { pid } = await ensureWorkers(bench.options({ workers: [bench.worker("a")] }));
    process.kill(pid, "SIGKILL");
    await until(() => identify(pid) === undefined);
    expect(await stopSupervisor(bench.home)).toBe(true);
    expect(bench.drained()).toEqual([bench.starts()[0]?.pid]);
    expect(processesNaming(bench.root)).toEqual([]);
    expect(await stopSupervisor(bench.home)).toBe(false);
  });

  it("ends with everything it keeps when its data directory is removed", async () => {
    const { pid } = await ensureWorkers(bench.options({ workers: [bench.worker("a")] }));
    rmSync(bench.home, { recursive: true });
    await until(() => identify(pid) === undefined);
    expect(processesNaming(bench.root)).toEqual([]);
    expect(existsSync(bench.home)).toBe(false);
  });

  it("is missed by who watches it when it was killed, and not when it was stopped", async () => {
    const { pid } = await ensureWorkers(bench.options());
    let killed = 0;
    const watch = watchSupervisor(bench.home, () => (killed += 1));
    process.kill(pid, "SIGKILL");
    await until(() => killed === 1);
    watch.close();
    await ensureWorkers(bench.options());
    const another = watchSupervisor(bench.home, () => (killed += 1));
    // Long enough for the connection to be there, and later for the look.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await stopSupervisor(bench.home)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    another.close();
    expect(killed).toBe(1);
  });

  it("names the live process that holds the lock but does not answer", async () => {
    const { pid } = await ensureWorkers(bench.options());
    process.kill(pid, "SIGSTOP");
    await expect(ensureWorkers(bench.options({ timeoutMs: 500 }))).rejects.toMatchObject({ code: "lock_held", details: { pid } });
    process.kill(pid, "SIGCONT");
  });

  it("refuses requests that are wrong, by name, and goes on", async () => {
    await ensureWorkers(bench.options());
    await expect(ensureWorkers(bench.options({ idleMinutes: -1 }))).rejects.toMatchObject({ code: "invalid_input" });
    await expect(ensureWorkers(bench.options({ workers: [bench.worker("a", { server: "../x" })] }))).rejects.toMatchObject({
      code: "invalid_input",
    });
    expect(await supervisorStatus(bench.home)).toBeDefined();
  });

  it("names a build that is not installed, before anything is started", async () => {
    await expect(ensureWorkers(bench.options({ workers: [bench.worker("a", { entry: "gone.cjs" })] }))).rejects.toMatchObject({
      code: "setup_needed",
    });
    expect(await stopSupervisor(bench.home)).toBe(false);
  });
});

describe("a data directory with a long path", () => {
  it("has its socket elsewhere", async () => {
    const long = new Bench("x".repeat(120));
    try {
      expect(socketPath(long.home)).toMatch(/^\/tmp\/platform-ops-\d+\/[0-9a-f]{24}$/);
      await ensureWorkers(long.options());
      expect((await long.status()).pid).toBeGreaterThan(0);
      expect(statSync(socketPath(long.home)).mode & 0o777).toBe(0o600);
    } finally {
      await long.close();
    }
  });
});
