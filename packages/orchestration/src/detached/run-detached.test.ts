import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { groupMembers, identify, readProcess } from "../process/process-table.ts";
import { runDetached, type DetachedOptions } from "./run-detached.ts";
import { endDetached, isDetachedRunning } from "./wrapper-group.ts";
import { JOURNAL_TAKEN, WRAPPER } from "./wrapper.ts";

const base = mkdtempSync(join(tmpdir(), "detached-"));
const env = { PATH: "/usr/bin:/bin" };
const groups: number[] = [];
let number = 0;
let journal = "";
let effects = "";

beforeEach(() => {
  journal = join(base, `journal ${++number} $(x)`);
  effects = join(base, `effects-${number}`);
});

afterAll(() => {
  for (const group of groups) {
    if (groupMembers(group).length > 0) process.kill(-group, "SIGKILL");
  }
  rmSync(base, { recursive: true, force: true });
});

function options(script: string, more: Partial<DetachedOptions> = {}): DetachedOptions {
  return { journal, program: "/bin/sh", args: ["-c", script, "sh", effects], cwd: base, env, ...more };
}

const file = (name: string): string => readFileSync(join(journal, name), "utf8");
const wrapperPid = (): number => Number(file("started").split("\n")[0]);

async function until(what: () => boolean, ms = 8_000): Promise<void> {
  const end = Date.now() + ms;
  while (!what()) {
    if (Date.now() > end) throw new Error(`never: ${what.toString()}`);
    await sleep(20);
  }
}

async function untilRunning(): Promise<void> {
  await until(() => existsSync(effects));
  groups.push(wrapperPid());
}

describe("runDetached", () => {
  it("keeps output and exit code in private files and passes arguments untouched", async () => {
    const nasty = ["a b", "$(touch /tmp/never)", "'\"`", "-n", "line\nbreak", "*", ""];
    const end = await runDetached({
      journal,
      program: process.execPath,
      args: [
        "-e",
        "console.log(JSON.stringify(process.argv.slice(1)));console.error(process.env.ONLY,Object.keys(process.env).length<8);process.exit(7)",
        "--",
        ...nasty,
      ],
      cwd: base,
      env: { ...env, ONLY: "this" },
    });
    expect(end).toEqual({ ended: "exited", code: 7 });
    expect(JSON.parse(file("out"))).toEqual(nasty);
    expect(file("err")).toBe("this true\n");
    expect(statSync(join(journal, "out")).mode & 0o777).toBe(0o600);
    expect(statSync(journal).mode & 0o777).toBe(0o700);
    expect(file("request.json")).not.toContain('"this"');
    // asked again, it answers from the journal
    expect(await runDetached({ journal, program: process.execPath, args: JSON.parse(file("request.json")).args, cwd: base, env })).toEqual(
      end,
    );
  });

  it("gives the program its input whole, and an empty one where there is none", async () => {
    const input = `line\n$(x) ${"y".repeat(100_000)}`;
    expect(await runDetached(options("cat", { stdin: input }))).toEqual({ ended: "exited", code: 0 });
    expect(file("out")).toBe(input);
    expect(statSync(join(journal, "in")).mode & 0o777).toBe(0o600);
    journal = `${journal}-none`;
    await runDetached(options("cat"));
    expect(file("out")).toBe("");
  });

  it("starts the program once, however many race for it", async () => {
    const run = options('echo x >>"$1"; sleep 0.4; exit 3');
    const ends = await Promise.all(Array.from({ length: 10 }, () => runDetached(run)));
    expect(ends).toEqual(Array.from({ length: 10 }, () => ({ ended: "exited", code: 3 })));
    expect(readFileSync(effects, "utf8")).toBe("x\n");
  });

  it("starts the program once, however many wrappers get that far at once", async () => {
    for (let round = 0; round < 3; round++) {
      const dir = `${journal}-${round}`;
      mkdirSync(dir);
      const args = ["-c", WRAPPER, "wrapper", dir, "/bin/sh", "-c", 'echo x >>"$1"', "sh", `${effects}-${round}`];
      const codes = await Promise.all(
        Array.from({ length: 12 }, () => new Promise((resolve) => spawn("/bin/sh", args, { env, stdio: "ignore" }).once("exit", resolve))),
      );
      expect(codes.filter((code) => code === JOURNAL_TAKEN)).toHaveLength(11);
      expect(readFileSync(`${effects}-${round}`, "utf8")).toBe("x\n");
    }
  });

  it("runs it in a session and group of its own", async () => {
    const running = runDetached(options('echo x >"$1"; sleep 1'));
    await untilRunning();
    const wrapper = readProcess(wrapperPid());
    expect(wrapper?.group).toBe(wrapperPid());
    expect(wrapper?.group).not.toBe(readProcess(process.pid)?.group);
    await running;
  });

  it("refuses a journal that belongs to another command, and never starts where it may only follow", async () => {
    expect(await runDetached(options("exit 0", { mayStart: false }))).toEqual({ ended: "not_started" });
    expect(existsSync(join(journal, "started"))).toBe(false);
    await runDetached(options("exit 0"));
    await expect(runDetached(options("exit 1"))).rejects.toMatchObject({ code: "conflict" });
  });

  it("names what is missing before anything is taken", async () => {
    await expect(runDetached(options("", { program: "/nowhere/terraform" }))).rejects.toMatchObject({ code: "program_missing" });
    expect(existsSync(join(journal, "started"))).toBe(false);
    await expect(runDetached({ ...options(""), journal: `${journal}-2`, cwd: join(base, "gone") })).rejects.toMatchObject({
      code: "not_found",
    });
    await expect(runDetached({ ...options(""), journal: "relative" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(runDetached({ ...options(""), args: ["a\0b"] })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("says so where the journal cannot be written", async () => {
    writeFileSync(journal, "a file");
    await expect(runDetached(options("exit 0", { journal: join(journal, "x") }))).rejects.toMatchObject({ code: "command_failed" });
  });

  it("sends one SIGINT to the program alone and keeps the code it ends with", async () => {
    const abort = new AbortController();
    // The child would write on SIGINT if its group were hit; the program counts its own.
    const script = `sh -c 'trap "echo child >>\\"$0\\"" INT; for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; done' "$1" & trap 'echo int >>"$1"' INT; echo up >>"$1"; sleep 0.4; sleep 0.4; wait; exit 9`;
    const run = options(script, { signal: abort.signal });
    const running = runDetached(run);
    await untilRunning();
    abort.abort();
    const follower = new AbortController();
    follower.abort();
    const second = runDetached({ ...run, signal: follower.signal });
    expect(await running).toEqual({ ended: "exited", code: 9 });
    expect(await second).toEqual({ ended: "exited", code: 9 });
    expect(readFileSync(effects, "utf8")).toBe("up\nint\n");
  });

  it("is ended with all that it started, and then lost", async () => {
    const run = options('sleep 100 & echo up >>"$1"; sleep 100');
    expect(isDetachedRunning(journal)).toBe(false);
    const running = runDetached(run);
    await untilRunning();
    expect(isDetachedRunning(journal)).toBe(true);
    await endDetached(journal);
    expect(groupMembers(wrapperPid())).toEqual([]);
    expect(await running).toEqual({ ended: "lost" });
    await endDetached(journal);
  });

  it("keeps code 130 of a program that dies of the SIGINT", async () => {
    const abort = new AbortController();
    const running = runDetached({
      journal,
      program: process.execPath,
      args: ["-e", `require('fs').writeFileSync(${JSON.stringify(effects)},'');setTimeout(()=>{},20000)`],
      cwd: base,
      env,
      signal: abort.signal,
    });
    await untilRunning();
    abort.abort();
    expect(await running).toEqual({ ended: "exited", code: 130 });
  });

  it("does not start what was cancelled before", async () => {
    expect(await runDetached(options('echo x >"$1"', { signal: AbortSignal.abort() }))).toEqual({ ended: "not_started" });
    expect(existsSync(effects)).toBe(false);
  });

  it("leaves the program running on handover, for the next to follow", async () => {
    const handover = new AbortController();
    const run = options('echo x >>"$1"; sleep 0.7; exit 4');
    const running = runDetached({ ...run, handover: handover.signal });
    await untilRunning();
    handover.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    const states: { pid: number; start_time: string }[] = [];
    expect(await runDetached({ ...run, mayStart: false, tickMs: 50, onTick: (state) => states.push(state) })).toEqual({
      ended: "exited",
      code: 4,
    });
    expect(states.length).toBeGreaterThan(1);
    expect(readFileSync(effects, "utf8")).toBe("x\n");
  });

  it("waits for children that outlive a killed program, and names those that stay", async () => {
    const run = options('(sleep 0.6; echo late >>"$1") & echo x >"$1"; sleep 20');
    const running = runDetached(run);
    await untilRunning();
    await until(() => existsSync(join(journal, "pid")));
    process.kill(Number(file("pid")), "SIGKILL");
    await until(() => existsSync(join(journal, "rc")));
    const impatient = await runDetached({ ...run, survivorsMs: 0 });
    expect(impatient).toMatchObject({ ended: "exited", code: 137 });
    expect((impatient as { survivors: number[] }).survivors.length).toBeGreaterThan(0);
    // sleep 20 is a child of the killed shell: it must go for the group to be empty
    for (const row of groupMembers(wrapperPid()))
      if (row.pid !== wrapperPid() && readFileSync(`/proc/${row.pid}/cmdline`, "utf8").startsWith("sleep\x0020"))
        process.kill(row.pid, "SIGKILL");
    expect(await running).toEqual({ ended: "exited", code: 137 });
    expect(readFileSync(effects, "utf8")).toBe("x\nlate\n");
  });

  it("is lost when the whole group is killed, and goes on while only the wrapper is", async () => {
    const run = options('echo x >>"$1"; sleep 0.8');
    const running = runDetached(run);
    await untilRunning();
    process.kill(wrapperPid(), "SIGKILL");
    await sleep(200);
    expect(groupMembers(wrapperPid()).length).toBeGreaterThan(0);
    expect(await running).toEqual({ ended: "lost" });
    expect(await runDetached(run)).toEqual({ ended: "lost" });
    expect(readFileSync(effects, "utf8")).toBe("x\n");
  });

  it("is lost where the journal was taken by something that cannot be named, or before a power cut", async () => {
    const run = options('echo x >>"$1"');
    await runDetached({ ...run, mayStart: false });
    writeFileSync(join(journal, "started"), "");
    const old = new Date(Date.now() - 60_000);
    utimesSync(join(journal, "started"), old, old);
    expect(await runDetached(run)).toEqual({ ended: "lost" });
    rmSync(join(journal, "started"));
    const request = JSON.parse(file("request.json")) as object;
    writeFileSync(join(journal, "request.json"), JSON.stringify({ ...request, boot: "another" }));
    expect(await runDetached(run)).toEqual({ ended: "lost" });
    expect(existsSync(effects)).toBe(false);
  });

  it("does not take a later process with the wrapper's pid for it, though it leads a group too", async () => {
    const run = options('echo x >>"$1"');
    await runDetached({ ...run, mayStart: false });
    const later = spawn("/bin/sleep", ["30"], { detached: true, stdio: "ignore" });
    try {
      const stat = readFileSync(`/proc/${later.pid}/stat`, "utf8").trim();
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const earlier = `${stat.slice(0, stat.lastIndexOf(")") + 2)}${fields.with(19, "1").join(" ")}`;
      writeFileSync(join(journal, "started"), `${later.pid}\n${earlier}\n${readFileSync("/proc/sys/kernel/random/boot_id", "utf8")}`);
      expect(await runDetached(run)).toEqual({ ended: "lost" });
    } finally {
      later.kill("SIGKILL");
    }
  });

  it.skipIf(!existsSync("/usr/bin/ps") && !existsSync("/bin/ps"))(
    "reads the same facts from ps, as on macOS (needs ps: install procps)",
    async () => {
      const me = readProcess(process.pid, "ps");
      expect(me).toMatchObject({ pid: process.pid, group: readProcess(process.pid, "proc")?.group });
      expect(identify(process.pid, "ps")).toEqual(identify(process.pid, "ps"));
      expect(groupMembers(me?.group ?? 0, "ps").map((row) => row.pid)).toContain(process.pid);
    },
  );
});

describe("a new process after the starter was killed", () => {
  const starter = join(base, "starter.cjs");
  beforeAll(() => {
    const entry = fileURLToPath(new URL("./run-detached.ts", import.meta.url));
    buildSync({
      stdin: {
        contents: `import { runDetached } from ${JSON.stringify(entry)}; runDetached(JSON.parse(require("fs").readFileSync(0, "utf8")));`,
        resolveDir: fileURLToPath(new URL("..", import.meta.url)),
      },
      outfile: starter,
      bundle: true,
      platform: "node",
      format: "cjs",
      conditions: ["platform-ops-source"],
    });
  });

  it("follows by pid, start time and group, and starts nothing twice", async () => {
    const run = options('echo x >>"$1"; sleep 1; exit 5');
    const child = spawn(process.execPath, [starter], { stdio: ["pipe", "inherit", "inherit"] });
    child.stdin.end(JSON.stringify(run));
    await untilRunning();
    child.kill("SIGKILL");
    await until(() => child.signalCode !== null);
    expect(await runDetached(run)).toEqual({ ended: "exited", code: 5 });
    expect(readFileSync(effects, "utf8")).toBe("x\n");
  });
});
