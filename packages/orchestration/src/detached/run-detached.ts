import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { OpsError } from "@platform-ops/errors";
import { bootId, isSameProcess, processSource, readProcess, type ProcessIdentity, type ProcessSource } from "../process/process-table.ts";
import { Journal } from "./journal.ts";
import { wrapperGroup } from "./wrapper-group.ts";
import { JOURNAL_TAKEN, WRAPPER } from "./wrapper.ts";

/** What `runDetached` needs; nothing is inherited from this process, not even the environment. */
export interface DetachedOptions {
  /** Private directory of this one step; made where it is missing. Its files: request.json in started pid out err rc. */
  readonly journal: string;
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** What it reads from its standard input; nothing where it is not given. Kept in the journal. */
  readonly stdin?: string | undefined;
  /** Abort = one SIGINT to the program alone, once in the life of the journal. */
  readonly signal?: AbortSignal | undefined;
  /** Abort = leave it running and reject with `cancelled`. */
  readonly handover?: AbortSignal | undefined;
  readonly onTick?: ((state: DetachedState) => void) | undefined;
  /** Milliseconds between two calls of onTick; 2000 by default. */
  readonly tickMs?: number | undefined;
  /** False: only follow what was started before; never start. */
  readonly mayStart?: boolean | undefined;
  /** How long to wait, after the program was killed, for children that outlive it; 10 minutes by default. */
  readonly survivorsMs?: number | undefined;
  /** Where facts about processes come from; by the platform where it is not given. */
  readonly source?: ProcessSource | undefined;
}

export interface DetachedState {
  readonly pid: number;
  readonly start_time: string;
  readonly out_bytes: number;
  readonly silent_ms: number;
}

/**
 * How it ended. `lost`: taken, but the group is gone and left no exit code: the outcome must be found by looking.
 * `survivors` are pids of the group that outlived a killed program and did not end in time.
 */
export type DetachedEnd = { ended: "exited"; code: number; survivors?: number[] } | { ended: "lost" } | { ended: "not_started" };

const POLL_MS = 100;
const GROUP_CHECK_MS = 1_000;
/** A wrapper writes its name at once after it took the journal; later than that it died in between. */
const NAME_MS = 3_000;

/**
 * Runs a program that outlives this process: started at most once in the life of its journal, in a session of its own,
 * output and exit code in files. Called again with the same journal, by whichever process, it follows what runs, without
 * touching it, or says how it ended.
 *
 * @throws OpsError invalid_input, program_missing, conflict (the journal belongs to another command), cancelled (handover),
 * command_failed (the journal cannot be written)
 */
export async function runDetached(options: DetachedOptions): Promise<DetachedEnd> {
  check(options);
  const source = options.source ?? processSource();
  const journal = new Journal(options.journal, source);
  const { program, args, cwd } = options;
  const request = journal.take({ program, args, cwd, env_names: Object.keys(options.env).sort() });
  const code = journal.exitCode();
  if (code === undefined && journal.started().state === "no") {
    // A power cut may have lost the young file `started`, though not request.json, which was flushed before it.
    if (request.boot !== bootId(source)) return { ended: "lost" };
    if (options.mayStart === false || options.signal?.aborted === true || options.handover?.aborted === true)
      return { ended: "not_started" };
    checkProgram(options);
    if (options.stdin !== undefined) journal.keepInput(options.stdin);
    return await new Follower(options, journal, source, start(options)).follow();
  }
  return await new Follower(options, journal, source, undefined).follow();
}

function check(options: DetachedOptions): void {
  const wrong = (what: string): OpsError =>
    new OpsError("invalid_input", what, { hint: "This is a mistake of the caller, not of a configuration." });
  if (!isAbsolute(options.journal) || !isAbsolute(options.program) || !isAbsolute(options.cwd))
    throw wrong("Journal, program and directory of a detached run must be absolute paths.");
  const texts = [
    options.journal,
    options.program,
    options.cwd,
    ...options.args,
    ...Object.keys(options.env),
    ...Object.values(options.env),
  ];
  if (texts.some((text) => text.includes("\0"))) throw wrong("An argument or variable of a detached run holds a NUL character.");
}

function checkProgram(options: DetachedOptions): void {
  try {
    accessSync(options.program, constants.X_OK);
    if (!statSync(options.program).isFile()) throw new Error("not a file");
  } catch (cause) {
    throw new OpsError("program_missing", `There is no program at ${options.program}.`, { cause });
  }
  if (statSync(options.cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new OpsError("not_found", `There is no directory ${options.cwd} to run in.`, { hint: "Make it, or correct the path." });
}

/** `detached` gives the wrapper a session and process group of its own, so that nothing sent to ours reaches it. */
function start(options: DetachedOptions): ChildProcess {
  const child = spawn("/bin/sh", ["-c", WRAPPER, "platform-ops-detached", options.journal, options.program, ...options.args], {
    cwd: options.cwd,
    env: { ...options.env },
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  return child;
}

/** Follows one journal to its end; reads only, but for the one SIGINT. */
class Follower {
  private readonly options: DetachedOptions;
  private readonly journal: Journal;
  private readonly source: ProcessSource;
  /** Aborted when something happened that is worth a look before the next poll. */
  private wake = new AbortController();
  private ownEnd: { code: number | null; error?: Error } | undefined;
  private nextTick = 0;
  private nextGroupCheck = 0;
  private readonly own: boolean;

  constructor(options: DetachedOptions, journal: Journal, source: ProcessSource, child: ChildProcess | undefined) {
    this.options = options;
    this.journal = journal;
    this.source = source;
    this.own = child !== undefined;
    const ended = (end: { code: number | null; error?: Error }): void => {
      this.ownEnd ??= end;
      this.wake.abort();
    };
    child?.once("exit", (code) => ended({ code }));
    child?.once("error", (error) => ended({ code: null, error }));
  }

  async follow(): Promise<DetachedEnd> {
    const wake = (): void => this.wake.abort();
    this.options.signal?.addEventListener("abort", wake);
    this.options.handover?.addEventListener("abort", wake);
    try {
      for (;;) {
        const end = await this.look();
        if (end !== undefined) return end;
        await this.pause();
      }
    } finally {
      this.options.signal?.removeEventListener("abort", wake);
      this.options.handover?.removeEventListener("abort", wake);
    }
  }

  private async look(): Promise<DetachedEnd | undefined> {
    const code = this.journal.exitCode();
    if (code !== undefined) return await this.exited(code);
    if (this.options.handover?.aborted === true) {
      throw new OpsError("cancelled", "The program was left running for another process to follow.", {
        hint: "Follow it with the same journal.",
        details: { left_running: true },
      });
    }
    const started = this.journal.started();
    if (started.state === "no") return this.notStarted();
    if (started.state === "unknown") return started.ageMs > NAME_MS ? { ended: "lost" } : undefined;
    if (this.options.signal?.aborted === true) this.interrupt(started.wrapper);
    this.tick(started.wrapper);
    return this.gone(started.wrapper);
  }

  /** Our wrapper ended without a journal, or is still on its way to it. */
  private notStarted(): DetachedEnd | undefined {
    if (this.ownEnd === undefined) return this.own ? undefined : { ended: "not_started" };
    // The wrapper may have taken the journal between our look at the file and its end.
    if (this.journal.started().state !== "no" || this.journal.exitCode() !== undefined) return undefined;
    if (this.ownEnd.code === JOURNAL_TAKEN || this.ownEnd.error !== undefined) {
      throw new OpsError("command_failed", `The program was not started: the journal in ${this.options.journal} cannot be written.`, {
        hint: "Check free space and permissions, then try again.",
        cause: this.ownEnd.error,
      });
    }
    return { ended: "not_started" };
  }

  /** Lost, where nothing of the group works any more and no exit code came. */
  private gone(wrapper: ProcessIdentity): DetachedEnd | undefined {
    if (Date.now() < this.nextGroupCheck && this.ownEnd === undefined) return undefined;
    this.nextGroupCheck = Date.now() + GROUP_CHECK_MS;
    if (isSameProcess(wrapper, this.source) || this.members(wrapper).length > 0) return undefined;
    // The code may have been written between the last look and the death of the group.
    return this.journal.exitCode() === undefined ? { ended: "lost" } : undefined;
  }

  private members(wrapper: ProcessIdentity): number[] {
    return wrapperGroup(wrapper, this.source);
  }

  /** Children of a killed program may still change things: its end is not the end before theirs. */
  private async exited(code: number): Promise<DetachedEnd> {
    const started = this.journal.started();
    if (code <= 128 || started.state !== "yes") return { ended: "exited", code };
    const until = Date.now() + (this.options.survivorsMs ?? 600_000);
    for (;;) {
      const survivors = this.members(started.wrapper).filter((pid) => pid !== started.wrapper.pid);
      if (survivors.length === 0) return { ended: "exited", code };
      if (Date.now() >= until) return { ended: "exited", code, survivors };
      if (this.options.handover?.aborted === true)
        throw new OpsError("cancelled", "Children of the killed program were left running.", { details: { left_running: true } });
      this.tick(started.wrapper);
      await sleep(POLL_MS);
    }
  }

  /** One SIGINT to the program, not to its group: its children (plugins, provisioners) must not be hit. */
  private interrupt(wrapper: ProcessIdentity): void {
    const pid = this.journal.programPid();
    if (pid === undefined) return; // not running yet: the next look sends it
    if (readProcess(pid, this.source)?.group !== wrapper.pid || !this.members(wrapper).includes(pid)) return;
    if (!this.journal.claimInterrupt()) return;
    try {
      process.kill(pid, "SIGINT");
    } catch {
      return; // it ended by itself in this moment
    }
  }

  private tick(wrapper: ProcessIdentity): void {
    if (this.options.onTick === undefined || Date.now() < this.nextTick) return;
    this.nextTick = Date.now() + (this.options.tickMs ?? 2_000);
    const { bytes, silentMs } = this.journal.output();
    const pid = this.journal.programPid() ?? wrapper.pid;
    const start = readProcess(pid, this.source)?.startTime ?? wrapper.start_time;
    this.options.onTick({ pid, start_time: start, out_bytes: bytes, silent_ms: silentMs });
  }

  private async pause(): Promise<void> {
    // The end of our own wrapper and an abort wake us at once; the end of another's wrapper is seen by polling.
    await sleep(POLL_MS, undefined, { signal: this.wake.signal }).catch(() => undefined);
    if (this.wake.signal.aborted) this.wake = new AbortController();
  }
}
