import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { groupMembers, waitForEmptyGroup } from "@platform-ops/orchestration";
import { afterEach, describe, expect, test } from "vitest";

import { holderRecordPath, readHolderRecord } from "./holder-records.ts";
import { runProgram } from "./run-program.ts";
import type { StepContext } from "./step.ts";
import { WorkspaceFixture } from "./workspace.test-support.ts";

const made: WorkspaceFixture[] = [];
afterEach(async () => {
  for (const fixture of made.splice(0)) await fixture.remove();
});

/** A context whose "program" is a script that we write: what is tested here is how a program is run, not what it does. */
async function script(text: string): Promise<{ fixture: WorkspaceFixture; ctx: StepContext }> {
  const fixture = await WorkspaceFixture.create({ kind: "terraform", path: "/nowhere", version: "1.11.4", digest: "0" }, process.env, {});
  made.push(fixture);
  const path = fixture.path("program");
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  const ctx = fixture.context({ interruptGraceMs: 300 });
  return { fixture, ctx: { ...ctx, program: { ...ctx.program, path } } };
}

const pidIn = async (path: string): Promise<number> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.endsWith("\n")) return Number(text);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no ${path}`);
};

describe("runProgram", () => {
  test("gives code and output, in private files; nothing is inherited", async () => {
    const { fixture, ctx } = await script('echo "$1"; env; echo bad >&2; exit 4');
    const end = await runProgram(ctx, { step: "output", args: ["a b;$(c)"] });
    expect(end).toMatchObject({ code: 4, signal: null });
    expect(end.stderr).toContain("bad");
    const text = await readFile(end.stdout, "utf8");
    expect(text).toContain("a b;$(c)\n");
    expect(text).toContain(`TF_DATA_DIR=${fixture.path("data")}`);
    expect(text).not.toContain("VITEST");
    expect((await stat(end.stdout)).mode & 0o777).toBe(0o600);
    expect((await stat(ctx.work)).mode & 0o777).toBe(0o700);
    expect(await readHolderRecord(holderRecordPath(ctx.dataDir, "output", ctx.work))).toBeUndefined();
  });

  test("a program that cannot be started is named", async () => {
    const { ctx } = await script("true");
    await expect(
      runProgram({ ...ctx, program: { ...ctx.program, path: "/nowhere/terraform" } }, { step: "plan", args: [] }),
    ).rejects.toMatchObject({ code: "program_missing" });
  });

  test("abort interrupts once, and a program that does not end is killed with its children after the grace", async () => {
    const { fixture, ctx } = await script(
      'trap "echo int >> seen" INT\nsleep 60 &\necho $! > child\necho $$ > leader\nwhile :; do sleep 0.05; done',
    );
    const stop = new AbortController();
    const running = runProgram({ ...ctx, signal: stop.signal }, { step: "plan", args: [] });
    const leader = await pidIn(join(fixture.dir, "leader"));
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    expect(await readFile(join(fixture.dir, "seen"), "utf8")).toBe("int\n");
    // a killed process is gone a moment after the signal
    expect(await waitForEmptyGroup(leader, 5_000)).toBe(true);
  });

  test("aborted before it began, it does not begin; a handover interrupts a read too", async () => {
    const { fixture, ctx } = await script("touch began; exec sleep 60");
    await expect(runProgram({ ...ctx, signal: AbortSignal.abort() }, { step: "plan", args: [] })).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(existsSync(join(fixture.dir, "began"))).toBe(false);
    const leave = new AbortController();
    const running = runProgram({ ...ctx, handover: leave.signal }, { step: "plan", args: [] });
    setTimeout(() => leave.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: "cancelled", details: { handover: true } });
  });

  test("what a dead worker left of the same step is ended before the step starts anew, and nothing else", async () => {
    const { fixture, ctx } = await script('echo "$1" >> order; if [ "$1" = first ]; then echo $$ > leader; exec sleep 60; fi');
    const other = await script("echo $$ > leader; exec sleep 60");
    const first = runProgram(ctx, { step: "plan", args: ["first"] }).catch(() => "ended");
    const stopOther = new AbortController();
    const unrelated = runProgram({ ...other.ctx, signal: stopOther.signal }, { step: "plan", args: [] }).catch(() => "stopped");
    const leader = await pidIn(join(fixture.dir, "leader"));
    const living = await pidIn(join(other.fixture.dir, "leader"));
    expect(await runProgram(ctx, { step: "plan", args: ["second"] })).toMatchObject({ code: 0 });
    await first;
    expect(groupMembers(leader)).toEqual([]);
    expect(groupMembers(living)).toHaveLength(1);
    expect(await readFile(join(fixture.dir, "order"), "utf8")).toBe("first\nsecond\n");
    stopOther.abort();
    expect(await unrelated).toBe("stopped");
  });

  test("a record whose pid belongs to another process by now ends nothing", async () => {
    const { ctx } = await script("exit 0");
    const record = holderRecordPath(ctx.dataDir, "plan", ctx.work);
    await mkdir(join(record, ".."), { recursive: true });
    // This very process: a wrong kill would end the test run.
    await writeFile(
      record,
      JSON.stringify({ pid: process.pid, start: "1", step: "plan", host: "h", user: "u", started_at: new Date().toISOString() }),
    );
    expect(await runProgram(ctx, { step: "plan", args: [] })).toMatchObject({ code: 0 });
    await writeFile(record, '{"pid": -1, "start"');
    expect(await runProgram(ctx, { step: "plan", args: [] })).toMatchObject({ code: 0 });
  });
});
