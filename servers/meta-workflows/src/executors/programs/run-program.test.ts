import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import { readProcess } from "@platform-ops/orchestration";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { callContext, callOptions, openTestDeps, type TestDeps } from "../executor-deps.test-support.ts";
import { runProgram, type ProgramOutput } from "./run-program.ts";

let test: TestDeps;
let effects = "";
let count = 0;
beforeAll(async () => {
  test = await openTestDeps({}, { programs: ["node", "sh", "cat", "/bin/echo", "../evil"], variables: ["ALLOWED_*"] });
});
afterAll(async () => test.ledger.dispose());
beforeEach(() => {
  effects = join(test.root, `effects-${++count}`);
});

const sh = (script: string) => ({ kind: "program" as const, argv: ["sh", "-c", script, "sh", effects], env: {} });
const key = (): string => `mw-${count}`;
const run = (
  call: Parameters<typeof runProgram>[1],
  options: Partial<Parameters<typeof callOptions>[0]> = {},
  context = {},
): Promise<CallOutcome> => runProgram(test.deps, call, callOptions({ effect_key: key(), ...options }), callContext(context));
const output = (outcome: CallOutcome): ProgramOutput => (outcome as unknown as { output: ProgramOutput }).output;
const lines = (): string[] => (existsSync(effects) ? readFileSync(effects, "utf8").trim().split("\n") : []);

function killGroupOf(pid: number): void {
  const group = readProcess(pid)?.group;
  if (group === undefined || group <= 1) throw new Error(`${pid} is gone already`);
  process.kill(-group, "SIGKILL");
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000; i += 1) {
    if (what()) return;
    await sleep(20);
  }
  throw new Error(`never: ${what.toString()}`);
}

describe("a program of a step", () => {
  it("gets its arguments, folder, input and only what is allowed of the environment", async () => {
    mkdirSync(join(test.root, "sub"));
    const deps = { ...test.deps, environment: { ...test.deps.environment, SECRET_TOKEN: "no", ALLOWED_X: "yes", LC_ALL: "C" } };
    const script = `let s="";process.stdin.on("data",c=>s+=c).on("end",()=>console.log(JSON.stringify({argv:process.argv.slice(1),cwd:process.cwd(),env:process.env,s})))`;
    const nasty = ["$(touch x)", "a b", "'\"`;&|", "-n", "*"];
    const outcome = await runProgram(
      deps,
      { kind: "program", argv: ["node", "-e", script, "--", ...nasty], cwd: "sub", env: { MINE: "1" }, stdin: "in" },
      callOptions({ effect_key: key() }),
      callContext(),
    );
    expect(outcome).toMatchObject({ status: "done", simulated: false });
    const { json, ...rest } = output(outcome);
    const said = json as { argv: string[]; cwd: string; env: Record<string, string>; s: string };
    expect([said.argv, said.cwd, said.s]).toEqual([nasty, join(test.root, "sub"), "in"]);
    expect(said.env).toMatchObject({ MINE: "1", ALLOWED_X: "yes", LC_ALL: "C" });
    expect(said.env).not.toHaveProperty("SECRET_TOKEN");
    expect(rest).toMatchObject({ exit_code: 0, stderr: "", truncated: false, duration_ms: expect.any(Number) });
  });

  it("fails by its exit code and shows what it said", async () => {
    const outcome = await run(sh("echo out; echo err >&2; exit 3"));
    expect(outcome).toMatchObject({ status: "failed", code: "command_failed", message: "sh ended with code 3." });
    expect(output(outcome)).toMatchObject({ exit_code: 3, stdout: "out\n", stderr: "err\n" });
  });

  it("is not started where it, its folder or its variables are not allowed", async () => {
    const program = (argv: string[], more = {}) => run({ kind: "program", argv, env: {}, ...more });
    await expect(program(["ls"])).rejects.toMatchObject({ code: "not_allowed" });
    await expect(program(["/bin/sh", "-c", "id"])).rejects.toMatchObject({ code: "not_allowed" });
    await expect(program(["../evil"])).rejects.toMatchObject({ code: "not_allowed" });
    await expect(program([])).rejects.toMatchObject({ code: "invalid_input" });
    await expect(program(["sh", "a\0b"])).rejects.toMatchObject({ code: "invalid_input" });
    await expect(program(["sh", ..."x".repeat(300)])).rejects.toMatchObject({ code: "too_large" });
    symlinkSync("/", join(test.root, "way-out"));
    for (const cwd of ["..", "/", "way-out", "way-out/etc", "/etc/../etc"])
      await expect(program(["sh", "-c", "id"], { cwd }), cwd).rejects.toMatchObject({ code: "path_not_allowed" });
    await expect(program(["sh"], { cwd: "not-there" })).rejects.toMatchObject({ code: "not_found" });
    for (const name of ["LD_PRELOAD", "NODE_OPTIONS", "PATH", "GIT_SSH_COMMAND", "BASH_ENV", "DYLD_INSERT_LIBRARIES", "HTTPS_PROXY"])
      await expect(program(["sh"], { env: { [name]: "x" } }), name).rejects.toMatchObject({ code: "not_allowed" });
    await expect(program(["sh"], { env: { "A=B": "x" } })).rejects.toMatchObject({ code: "invalid_input" });
  });

  it("keeps head and tail of a long output, and masks secrets", async () => {
    test.deps.redactor.addSecret("hunter2-hunter2");
    const outcome = await run(sh("echo first hunter2-hunter2; yes line | head -c 200000; echo last hunter2-hunter2"));
    const { stdout, truncated } = output(outcome);
    expect(truncated).toBe(true);
    expect(stdout.length).toBeLessThan(34_000);
    expect(stdout).toMatch(/^first \[redacted\]\n/);
    expect(stdout).toMatch(/last \[redacted\]\n$/);
    expect(stdout).toContain("bytes left out");
  });

  it("gets a secret by name where the definition lists it, and shows it masked", async () => {
    const deps = { ...test.deps, secret: (name: string) => (name === "token" ? "s3cr3t-value" : undefined) };
    const call = { kind: "program" as const, argv: ["sh", "-c", 'echo "$T"'], env: {}, secret_env: { T: "token" } };
    const outcome = await runProgram(deps, call, callOptions({ effect_key: key() }), callContext({ secrets: ["token"] }));
    expect(output(outcome).stdout).toBe("[redacted]\n");
    // What merely looks like one is text.
    const forged = { ...call, env: { T: "secret://token" }, secret_env: {} };
    expect(
      output(await runProgram(deps, forged, callOptions({ effect_key: `${key()}-1` }), callContext({ secrets: ["token"] }))).stdout,
    ).toBe("secret://token\n");
    const steering = { ...call, secret_env: { LD_PRELOAD: "token" } };
    await expect(
      runProgram(deps, steering, callOptions({ effect_key: `${key()}-3` }), callContext({ secrets: ["token"] })),
    ).rejects.toMatchObject({ code: "not_allowed" });
    await expect(runProgram(deps, call, callOptions({ effect_key: `${key()}-2` }), callContext())).rejects.toMatchObject({
      code: "not_allowed",
    });
  });

  it("is ended with all that it started at its time limit; what it had done is not known", async () => {
    const outcome = await run(sh('trap "" INT; sh -c "trap \\"\\" INT; sleep 300" & echo $$ >>"$1"; echo said; wait'), { timeout: 700 });
    expect(outcome).toMatchObject({ status: "unknown", message: expect.stringContaining("700 ms") });
    const reading = await run(sh("echo said; sleep 300"), { timeout: 700, read_only: true, path: "probe#1" });
    expect(reading).toMatchObject({ status: "failed", code: "timed_out", output: { stdout: "said\n" } });
  });

  it("is ended when the call is cancelled", async () => {
    const abort = new AbortController();
    const running = run(sh('echo up >>"$1"; sleep 300'), {}, { signal: abort.signal });
    await until(() => lines().length === 1);
    abort.abort();
    expect(await running).toMatchObject({ status: "unknown" });
    expect(await run(sh('echo up >>"$1"'), { path: "other#1" }, { signal: abort.signal })).toMatchObject({
      status: "failed",
      code: "cancelled",
    });
    expect(lines()).toEqual(["up"]);
  });
});

describe("a program after its worker died", () => {
  it("is followed by the next worker, and started once", async () => {
    const call = sh('echo x >>"$1"; sleep 1; echo done; exit 0');
    const handover = new AbortController();
    const first = run(call, {}, { handover: handover.signal });
    await until(() => lines().length === 1);
    handover.abort();
    await expect(first).rejects.toMatchObject({ code: "cancelled", details: { left_running: true } });
    const second = await run(call, {}, { attempt: 2 });
    expect(output(second).stdout).toBe("done\n");
    expect(await run(call, {}, { attempt: 3 })).toMatchObject({ status: "done" });
    expect(lines()).toEqual(["x"]);
  });

  it("has an unknown outcome where the program was lost with it, and is never started again", async () => {
    const call = sh('echo $$ >>"$1"; sleep 300');
    const handover = new AbortController();
    const first = run(call, {}, { handover: handover.signal }).catch(() => undefined);
    await until(() => lines().length === 1);
    handover.abort();
    await first;
    killGroupOf(Number(lines()[0]));
    expect(await run(call, {}, { attempt: 2 })).toMatchObject({ status: "unknown" });
    expect(await run(call, {}, { attempt: 3 })).toMatchObject({ status: "unknown" });
    expect(lines()).toHaveLength(1);
  });

  it("is tried again only where the step may be, and read anew where it only reads", async () => {
    const failing = sh('echo x >>"$1"; exit 1');
    const retry = { attempts: 3, initial: 1, backoff: 1 };
    await run(failing);
    expect(await run(failing, { retry }, { attempt: 2 })).toMatchObject({ status: "failed", code: "command_failed" });
    expect(lines()).toHaveLength(1);
    await run(failing, { retry, path: "step#1~2" });
    expect(lines()).toHaveLength(2);
    await run(failing, { read_only: true, path: "probe#1" });
    await run(failing, { read_only: true, path: "probe#1" });
    expect(lines()).toHaveLength(4);
    const kept = readdirSync(test.deps.journals).flatMap((name) => readdirSync(join(test.deps.journals, name)));
    expect(kept.length).toBeGreaterThan(0);
  });

  it("is run again where it was lost and the step may be repeated", async () => {
    const call = sh('echo $$ >>"$1"; if [ "$(wc -l <"$1")" -gt 1 ]; then exit 0; fi; sleep 300');
    const retry = { attempts: 2, initial: 1, backoff: 1 };
    const handover = new AbortController();
    const first = run(call, { retry }, { handover: handover.signal }).catch(() => undefined);
    await until(() => lines().length === 1);
    handover.abort();
    await first;
    killGroupOf(Number(lines()[0]));
    await until(() => readProcess(Number(lines()[0])) === undefined);
    expect(await run(call, { retry }, { attempt: 2 })).toMatchObject({ status: "done" });
    expect(lines()).toHaveLength(2);
  });

  it("refuses a journal that another command was started with", async () => {
    await run(sh("exit 0"));
    await expect(run(sh("exit 1"))).rejects.toMatchObject({ code: "conflict" });
    writeFileSync(effects, "");
  });
});
