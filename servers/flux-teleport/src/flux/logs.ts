import { record, text } from "../kubernetes/fields.ts";

/** One line of a controller's log, or several that say the same of the same object. */
export interface LogEntry {
  readonly time: string;
  readonly level: string;
  readonly message: string;
  readonly error?: string;
  /** `Kind/namespace/name`, where the line is about one. */
  readonly object?: string;
  readonly count: number;
}

/** Which lines. */
export interface LogFilter {
  readonly level?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
}

/**
 * Controllers write JSON lines (`level`, `ts`, `msg`, `error`, `controllerKind`, `name`, `namespace`). What is none is kept as a
 * line of level `raw`: a panic is not JSON.
 */
export function readLogs(output: string, filter: LogFilter = {}): LogEntry[] {
  const folded = new Map<string, LogEntry>();
  for (const line of output.split("\n")) {
    if (line.trim() === "") continue;
    const { entry, about } = readLine(line);
    if (!isWanted(entry, about, filter)) continue;
    const key = JSON.stringify([entry.level, entry.message, entry.error, entry.object]);
    const known = folded.get(key);
    // The last time counts: the newest stand at the end, as in a log.
    folded.set(key, known === undefined ? entry : { ...entry, count: known.count + 1, time: later(known.time, entry.time) });
  }
  return [...folded.values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

const later = (a: string, b: string): string => (a > b ? a : b);

interface About {
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

function readLine(line: string): { entry: LogEntry; about: About } {
  const fields = parsed(line);
  if (fields === undefined) return { entry: { time: "", level: "raw", message: line, count: 1 }, about: {} };
  const about = {
    kind: text(fields["controllerKind"]),
    name: text(fields["name"]),
    namespace: text(fields["namespace"]),
  };
  const error = text(fields["error"]);
  const entry: LogEntry = {
    time: text(fields["ts"]) ?? "",
    level: text(fields["level"]) ?? "info",
    message: messageOf(fields["msg"]),
    count: 1,
    ...(error === undefined ? {} : { error }),
    ...(about.name === undefined ? {} : { object: `${about.kind ?? ""}/${about.namespace ?? ""}/${about.name}` }),
  };
  return { entry, about };
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return record(JSON.parse(line));
  } catch {
    return undefined;
  }
}

const messageOf = (message: unknown): string => (typeof message === "string" ? message : JSON.stringify(message ?? ""));

function isWanted(entry: LogEntry, about: About, filter: LogFilter): boolean {
  const isAbout = (wanted: string | undefined, value: string | undefined): boolean => wanted === undefined || wanted === value;
  // What is no JSON bears no object; where one is asked for it would only be noise.
  return (
    (filter.level === undefined ||
      entry.level === filter.level ||
      (filter.level === "error" && entry.level === "raw" && filter.name === undefined)) &&
    isAbout(filter.kind, about.kind) &&
    isAbout(filter.name, about.name) &&
    isAbout(filter.namespace, about.namespace)
  );
}
