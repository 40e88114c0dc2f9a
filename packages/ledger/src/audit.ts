import { closeSync, constants, fdatasync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { promisify } from "node:util";
import { OpsError } from "@platform-ops/errors";
import type { DataDirectory } from "./data-directory.ts";
import { errno, readPrivate } from "./durable-file.ts";
import { Redactor } from "./redaction.ts";

/** What is put on record: who did what to what, and how it ended. */
export interface AuditEntry {
  kind: "tool_call" | "approval_requested" | "decision" | "approval_refused" | "command" | "run" | "access";
  /** A principal, such as agent:zed@ann or tty:ann. */
  actor: string;
  /** The tool, subcommand or decision. */
  what: string;
  target?: string;
  /** Masked before it is written. */
  arguments?: unknown;
  /** The digest of what was decided or done. */
  digest?: string;
  outcome: string;
  /** The code of the failure. */
  code?: string;
  id?: string;
  duration_ms?: number;
}

/** The record of all calls and decisions: one file a day (UTC), one line an entry. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  /** Entries of a day (YYYY-MM-DD, today by default), oldest first; lines that a crash cut off are left out. */
  read(options?: { date?: string }): Promise<(AuditEntry & { time: string })[]>;
}

const datasync = promisify(fdatasync);

/** Appends of up to one page by O_APPEND are not torn by other writers on the local file systems of Linux and macOS. */
const MAX_LINE_BYTES = 4096;
const MAX_FIELD_CHARS = 400;
/** What must survive a power cut: who let what happen, and what was done. */
const FLUSHED: ReadonlySet<AuditEntry["kind"]> = new Set(["decision", "approval_refused", "command", "access"]);
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** Opens the audit of a data directory. Every text in an entry goes through the redactor. */
export function openAudit(dir: DataDirectory, redactor = new Redactor(), options: { now?: () => Date } = {}): AuditLog {
  const { now = () => new Date() } = options;
  const file = (date: string): string => {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new OpsError("invalid_input", "A date is written YYYY-MM-DD.");
    return dir.path("audit", `${date}.jsonl`);
  };
  return {
    async append(entry) {
      const time = now().toISOString();
      const line = lineOf(time, redactor.value(entry));
      await appendLine(file(time.slice(0, 10)), line, FLUSHED.has(entry.kind));
    },
    async read({ date = now().toISOString().slice(0, 10) } = {}) {
      const text = (await readPrivate(file(date), MAX_FILE_BYTES))?.toString("utf8") ?? "";
      return text.split("\n").flatMap((line) => parsed(line) ?? []);
    },
  };
}

function lineOf(time: string, entry: AuditEntry): string {
  const { arguments: given, ...rest } = entry;
  const fields = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, typeof value === "string" ? cut(value) : value]));
  const whole = JSON.stringify({ time, ...fields, ...(given === undefined ? {} : { arguments: given }) });
  if (Buffer.byteLength(whole) < MAX_LINE_BYTES) return `${whole}\n`;
  const text = JSON.stringify(given) ?? "";
  for (let length = 2000; ; length = Math.floor(length / 2)) {
    const short = JSON.stringify({ time, ...fields, arguments: { cut: true, characters: text.length, start: text.slice(0, length) } });
    if (Buffer.byteLength(short) < MAX_LINE_BYTES) return `${short}\n`;
    if (length === 0)
      return `${JSON.stringify({ time, kind: entry.kind, actor: entry.actor.slice(0, 50), what: entry.what.slice(0, 50), outcome: entry.outcome.slice(0, 50), arguments: { cut: true } })}\n`;
  }
}

function cut(text: string): string {
  return text.length <= MAX_FIELD_CHARS ? text : `${text.slice(0, MAX_FIELD_CHARS)}…`;
}

/**
 * One write. A line that a crash left unfinished is ended first, so that it spoils only itself. Synchronous but for the
 * flush: five short calls to a local disk take less time than one of them takes on its way through another thread.
 */
async function appendLine(path: string, line: string, flush: boolean): Promise<void> {
  const fd = openAppending(path);
  try {
    const { size } = fstatSync(fd);
    const last = Buffer.alloc(1, "\n");
    if (size > 0) readSync(fd, last, 0, 1, size - 1);
    const text = Buffer.from(last.toString("latin1") === "\n" ? line : `\n${line}`);
    const written = writeSync(fd, text);
    if (written !== text.length)
      throw new OpsError("command_failed", `${path} took ${written} of ${text.length} bytes.`, { hint: "Check free space." });
    if (flush) await datasync(fd);
  } finally {
    closeSync(fd);
  }
}

function openAppending(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o600);
  } catch (error) {
    if (errno(error) === "ELOOP") throw new OpsError("data_directory_unsafe", `${path} is a symbolic link; a plain file is expected.`);
    throw error;
  }
}

function parsed(line: string): (AuditEntry & { time: string }) | undefined {
  if (line === "") return undefined;
  try {
    const value = JSON.parse(line) as AuditEntry & { time: string };
    return typeof value === "object" && value !== null && typeof value.time === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
