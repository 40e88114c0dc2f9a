import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { bootId, normalStart, parseStat, type ProcessIdentity, type ProcessSource } from "../process/process-table.ts";

/** What a journal was made for. Values of the environment may be secrets: only names are kept. */
export interface JournalRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env_names: readonly string[];
  /** The boot in which it was written: a power cut may lose `started` though the program ran. */
  readonly boot: string;
}

/** Whether the journal was taken, and by which wrapper; `unknown` is a taken journal whose taker cannot be named. */
export type Started = { state: "no" } | { state: "yes"; wrapper: ProcessIdentity } | { state: "unknown"; ageMs: number };

/** The files of one detached run: request.json in started pid out err rc interrupted. */
export class Journal {
  readonly dir: string;
  private readonly source: ProcessSource;

  constructor(dir: string, source: ProcessSource) {
    this.dir = dir;
    this.source = source;
  }

  /**
   * Writes down what is to be started, durably, before anything can start; keeps what an earlier starter wrote.
   * @throws OpsError command_failed, where it cannot be written; conflict, where the journal was made for another program, other arguments or another directory
   */
  take(request: Omit<JournalRequest, "boot">): JournalRequest {
    const file = join(this.dir, "request.json");
    try {
      mkdirSync(this.dir, { recursive: true, mode: 0o700 });
      if (!existsSync(file)) writeOnce(this.dir, file, JSON.stringify({ ...request, boot: bootId(this.source) }));
    } catch (cause) {
      throw new OpsError("command_failed", `The program was not started: the journal ${this.dir} cannot be written.`, {
        hint: "Check free space and permissions, then try again.",
        cause,
      });
    }
    const kept = JSON.parse(readFileSync(file, "utf8")) as JournalRequest;
    const same = (r: Omit<JournalRequest, "boot">): string => JSON.stringify([r.program, r.args, r.cwd]);
    if (same(kept) !== same(request)) {
      throw new OpsError("conflict", "This journal belongs to another command; it can neither be started nor followed under it.", {
        hint: "Give each step of each run a journal of its own.",
        retryable: false,
      });
    }
    return kept;
  }

  /** Keeps what the program is to read. @throws OpsError command_failed, where it cannot be written */
  keepInput(text: string): void {
    const file = join(this.dir, "in");
    try {
      if (!existsSync(file)) writeOnce(this.dir, file, text);
    } catch (cause) {
      throw new OpsError("command_failed", `The program was not started: the journal ${this.dir} cannot be written.`, {
        hint: "Check free space and permissions, then try again.",
        cause,
      });
    }
  }

  started(): Started {
    const file = join(this.dir, "started");
    const text = readText(file);
    if (text === undefined) return { state: "no" };
    const [pid, first = "", boot = ""] = text.split("\n");
    const start = boot === "" ? normalStart(first) : parseStat(first, boot)?.startTime;
    if (!/^\d+$/.test(pid ?? "") || !text.endsWith("\n") || start === undefined || start === "") {
      return { state: "unknown", ageMs: Date.now() - statSync(file).mtimeMs };
    }
    return { state: "yes", wrapper: { pid: Number(pid), start_time: start } };
  }

  /** The program's own pid, once it is known. */
  programPid(): number | undefined {
    return readNumber(join(this.dir, "pid"));
  }

  /** The exit code (128 + n where signal n ended the program), once there is one. */
  exitCode(): number | undefined {
    return readNumber(join(this.dir, "rc"));
  }

  /** True for the first caller only: a second SIGINT makes programs stop without saving their state. */
  claimInterrupt(): boolean {
    try {
      closeSync(openSync(join(this.dir, "interrupted"), "wx", 0o600));
      return true;
    } catch {
      return false;
    }
  }

  /** Bytes written so far, and milliseconds since the last of them. */
  output(): { bytes: number; silentMs: number } {
    let bytes = 0;
    let last = 0;
    for (const name of ["out", "err"]) {
      try {
        const stat = statSync(join(this.dir, name));
        bytes += stat.size;
        last = Math.max(last, stat.mtimeMs);
      } catch {
        continue; // not made yet
      }
    }
    return { bytes, silentMs: last === 0 ? 0 : Math.max(0, Math.round(Date.now() - last)) };
  }
}

/** Creates a file whole or not at all, durably; where it exists already, that one stays. */
function writeOnce(dir: string, file: string, text: string): void {
  const temporary = `${file}.${randomBytes(6).toString("hex")}`;
  const fd = openSync(temporary, "wx", 0o600);
  try {
    writeSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  try {
    linkSync(temporary, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(temporary);
  }
  const directory = openSync(dir, "r");
  fsyncSync(directory);
  closeSync(directory);
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** A number that was written whole: its newline is there. */
function readNumber(file: string): number | undefined {
  const text = readText(file);
  return text !== undefined && /^\d+\n$/.test(text) ? Number(text) : undefined;
}
