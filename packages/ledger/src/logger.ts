import { isOpsError } from "@platform-ops/errors";
import { Redactor } from "./redaction.ts";

/** How important a log line is; a logger writes its own level and those after it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes JSON lines. Fields hold ids, counts and names; never the values of arguments. */
export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
  /** A logger that adds these fields to every line. */
  with(fields: Record<string, unknown>): Logger;
}

/** Where lines go and what is masked in them. `write` gets one line with its line end; it is the caller who knows stderr. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly redactor?: Redactor;
  readonly write: (line: string) => void;
  readonly now?: () => Date;
}

const MAX_LINE_CHARS = 16_384;

/** Makes a logger. Logging never throws: what cannot be written as JSON is left out, and says so. */
export function createLogger(options: LoggerOptions): Logger {
  return loggerWith({}, options);
}

function loggerWith(common: Record<string, unknown>, options: LoggerOptions): Logger {
  const { redactor = new Redactor(), now = () => new Date() } = options;
  const from = LOG_LEVELS.indexOf(options.level);
  const at =
    (level: LogLevel) =>
    (message: string, fields: Record<string, unknown> = {}) => {
      if (LOG_LEVELS.indexOf(level) < from) return;
      const head = { time: now().toISOString(), level, message: redactor.text(message) };
      options.write(`${lineOf(head, () => redactor.value(plain({ ...common, ...fields })))}\n`);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => loggerWith({ ...common, ...fields }, options),
  };
}

function lineOf(head: Record<string, unknown>, fields: () => Record<string, unknown>): string {
  try {
    const line = JSON.stringify({ ...fields(), ...head });
    return line.length <= MAX_LINE_CHARS ? line : JSON.stringify({ ...head, cut: true });
  } catch {
    return JSON.stringify({ ...head, unwritable: true });
  }
}

function plain(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? plainError(value, 0) : value]));
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const cause = error.cause instanceof Error && depth < 5 ? { cause: plainError(error.cause, depth + 1) } : {};
  if (isOpsError(error)) return { code: error.code, message: error.message, ...cause };
  return { name: error.name, message: error.message, stack: error.stack, ...cause };
}
