import { spawn } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { OpsError } from "@platform-ops/errors";
import { groupMembers, identify, waitForEmptyGroup } from "@platform-ops/orchestration";

import { programFailure } from "./diagnostics.ts";
import { EventTail } from "./events.ts";
import { holderRecordPath, readHolderRecord, removeHolderRecord, writeHolderRecord } from "./holder-records.ts";
import type { StepContext, StepName } from "./step.ts";
import { StreamFacts } from "./stream-facts.ts";

/** How a short-lived program ended. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** File with its whole standard output. */
  readonly stdout: string;
  /** What was not JSON, at most 64 KB: its standard error and stray lines. */
  readonly stderr: string;
  /** What its event stream said; empty for programs without `-json` events. */
  readonly facts: StreamFacts;
}

const GRACE_MS = 10_000;
const TICK_MS = 1_000;

/** Makes a folder private to this user; its content needs no umask then. */
export function privateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
}

const kill = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended before.
  }
};

/**
 * Ends what a dead worker left of the same step: one SIGINT to the program, a grace, then SIGKILL to its group. Only for
 * steps that change nothing. A group's id cannot be reused while the group has a member, so members without their leader are ours.
 */
export async function endLeftover(recordPath: string, graceMs = GRACE_MS): Promise<boolean> {
  const record = await readHolderRecord(recordPath);
  if (record === undefined) return false;
  const members = groupMembers(record.pid);
  const leader = members.find(({ pid }) => pid === record.pid);
  if (members.length === 0 || (leader !== undefined && record.start !== "" && leader.startTime !== record.start)) return false;
  if (leader !== undefined) kill(record.pid, "SIGINT");
  if (!(await waitForEmptyGroup(record.pid, leader === undefined ? 0 : graceMs))) {
    kill(-record.pid, "SIGKILL");
    await waitForEmptyGroup(record.pid, 5_000);
  }
  return true;
}

/**
 * Runs a program that changes nothing (init, plan, show, output, state pull): own process group, output to files in the
 * private folder, never pipes. Abort interrupts it once, and kills it after a grace. Throws `cancelled` when aborted,
 * `program_missing` where it cannot be started; any exit code is an answer.
 */
export async function runProgram(
  ctx: StepContext,
  run: { step: StepName; args: readonly string[]; events?: boolean },
): Promise<ProgramEnd> {
  const grace = ctx.interruptGraceMs ?? GRACE_MS;
  privateFolder(ctx.work);
  const record = holderRecordPath(ctx.dataDir, run.step, ctx.work);
  await endLeftover(record, grace);
  throwIfAborted(ctx, run.step);
  const stdout = join(ctx.work, `${run.step}.out`);
  const stderr = join(ctx.work, `${run.step}.err`);
  const started = start(ctx, run.args, stdout, stderr);
  const holder =
    started.pid === undefined
      ? undefined
      : { pid: started.pid, start: identify(started.pid)?.start_time ?? "", step: run.step, started_at: new Date().toISOString() };
  if (holder !== undefined) await recordOrEnd(record, holder, started.ended);
  const facts = new StreamFacts();
  const tail = new EventTail(stdout);
  const follow = run.events === true ? followEvents(tail, facts, () => ctx.onProgress(facts.progress(run.step))) : undefined;
  const stopInterrupting = interruptOnAbort(ctx, started.pid, grace);
  const end = await started.ended.finally(() => {
    stopInterrupting();
  });
  await follow?.stop();
  // A killed program's record stays: it proves later that the holder of a lock is dead.
  if (end.signal === null) removeHolderRecord(record);
  else if (holder !== undefined) writeHolderRecord(record, { ...holder, ended_at: new Date().toISOString() });
  throwIfAborted(ctx, run.step);
  const errors = (await readFile(stderr)).subarray(0, 64 * 1024).toString("utf8");
  return { ...end, stdout, stderr: [errors, ...tail.noise].join("\n"), facts };
}

/** A program that nothing tells of would be in the way of its successor: where its record cannot be written, it is ended. */
async function recordOrEnd(path: string, holder: Parameters<typeof writeHolderRecord>[1], ended: Promise<unknown>): Promise<void> {
  try {
    writeHolderRecord(path, holder);
  } catch (error) {
    kill(-holder.pid, "SIGKILL");
    await ended.catch(() => undefined);
    throw error;
  }
}

/** A program that failed as our failure, with the useful part of its own text. */
export function failureOf(ctx: StepContext, step: StepName, end: ProgramEnd): OpsError {
  return programFailure({
    step,
    kind: ctx.program.kind,
    code: end.code,
    signal: end.signal,
    diagnostics: end.facts.diagnostics,
    stderr: end.stderr,
    ...(ctx.redact === undefined ? {} : { redact: ctx.redact }),
  });
}

function throwIfAborted(ctx: StepContext, step: StepName): void {
  if (!ctx.signal.aborted && ctx.handover?.aborted !== true) return;
  throw new OpsError("cancelled", `${ctx.program.kind} ${step} was interrupted.`, { details: { step, handover: !ctx.signal.aborted } });
}

function start(
  ctx: StepContext,
  args: readonly string[],
  stdout: string,
  stderr: string,
): { pid: number | undefined; ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }> } {
  const out = openSync(stdout, "w", 0o600);
  const err = openSync(stderr, "w", 0o600);
  try {
    const child = spawn(ctx.program.path, args, {
      cwd: ctx.dir,
      env: { ...ctx.env, TF_DATA_DIR: ctx.dataDir },
      detached: true,
      stdio: ["ignore", out, err],
    });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.once("error", (cause: NodeJS.ErrnoException) =>
        reject(
          new OpsError("program_missing", `${ctx.program.path} could not be started in ${ctx.dir} (${cause.code ?? "unknown reason"}).`, {
            cause,
          }),
        ),
      );
    });
    return { pid: child.pid, ended };
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

function interruptOnAbort(ctx: StepContext, pid: number | undefined, grace: number): () => void {
  if (pid === undefined) return () => undefined;
  let timer: NodeJS.Timeout | undefined;
  const interrupt = (): void => {
    if (timer !== undefined) return;
    kill(pid, "SIGINT");
    timer = setTimeout(() => kill(-pid, "SIGKILL"), grace);
  };
  const signals = [ctx.signal, ...(ctx.handover === undefined ? [] : [ctx.handover])];
  for (const signal of signals) {
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
  }
  return () => {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", interrupt);
  };
}

/** Reads the stream while it grows, for progress; `stop` reads the rest. */
function followEvents(tail: EventTail, facts: StreamFacts, onRead: () => void): { stop(): Promise<void> } {
  let reading: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    reading = reading.then(async () => {
      const events = await tail.read().catch(() => []);
      for (const event of events) facts.add(event);
      onRead();
    });
  }, TICK_MS);
  return {
    async stop() {
      clearInterval(timer);
      await reading;
      for (const event of await tail.finish()) facts.add(event);
      onRead();
    },
  };
}
