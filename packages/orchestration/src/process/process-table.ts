import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** One process, as the kernel knows it. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Kernel state letter; a zombie (`Z`) and a dead one (`X`) do no work any more. */
  readonly state: string;
  /** With the pid an identity that survives pid reuse and reboots; only equality has a meaning. */
  readonly startTime: string;
}

/** A process named so that a later one with the same pid is not taken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly start_time: string;
}

/** Where facts about processes come from: /proc on Linux, ps elsewhere (macOS has no /proc). */
export type ProcessSource = "proc" | "ps";

/** The source that fits this machine. */
export function processSource(platform: NodeJS.Platform = process.platform): ProcessSource {
  return platform === "linux" ? "proc" : "ps";
}

/** One process, or undefined where none has that pid. Zombies are returned, with their state. */
export function readProcess(pid: number, source = processSource()): ProcessRow | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (source === "ps") return psRows(["-p", String(pid)])[0];
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, "utf8"), bootId(source));
  } catch {
    return undefined;
  }
}

/** Every process that this user can see. */
export function readProcesses(source = processSource()): ProcessRow[] {
  if (source === "ps") return psRows(["-ax"]);
  const rows: ProcessRow[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const row = readProcess(Number(name), source);
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** Members of a process group that still work: `kill(-group, 0)` would count zombies too. */
export function groupMembers(group: number, source = processSource()): ProcessRow[] {
  return readProcesses(source).filter((row) => row.group === group && isWorking(row));
}

/** Milliseconds between two looks at a group that is to become empty. */
const LOOK_INTERVAL = 100;

/** Waits until a process group is empty; false where it is not after `timeoutMs`. */
export async function waitForEmptyGroup(group: number, timeoutMs: number, source = processSource()): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while (groupMembers(group, source).length > 0) {
    if (Date.now() >= end) return false;
    await sleep(LOOK_INTERVAL);
  }
  return true;
}

/** Names a living process; undefined where it is gone. */
export function identify(pid: number, source = processSource()): ProcessIdentity | undefined {
  const row = readProcess(pid, source);
  return row !== undefined && isWorking(row) ? { pid, start_time: row.startTime } : undefined;
}

/** Whether exactly this process (not a later one with its pid) still works. */
export function isSameProcess(identity: ProcessIdentity, source = processSource()): boolean {
  return identify(identity.pid, source)?.start_time === identity.start_time;
}

function isWorking(row: ProcessRow): boolean {
  return !/^[ZX]/.test(row.state);
}

/**
 * One line of /proc/PID/stat (proc_pid_stat(5)): pid (comm) state ppid pgrp …, start time in clock ticks since boot
 * as field 22. The name may hold spaces and brackets, so fields are counted from the last `)`.
 */
export function parseStat(line: string, boot: string): ProcessRow | undefined {
  const end = line.lastIndexOf(")");
  const fields = line
    .slice(end + 2)
    .trim()
    .split(" ");
  const ticks = fields[19];
  if (end < 0 || ticks === undefined || !/^\d+$/.test(ticks)) return undefined;
  return {
    pid: Number.parseInt(line, 10),
    state: fields[0] ?? "?",
    parent: Number(fields[1]),
    group: Number(fields[2]),
    startTime: `${ticks}@${boot}`,
  };
}

/** Start times are local times in ps: a fixed zone and language make them comparable between processes. */
const PS_ENV = { LC_ALL: "C", TZ: "UTC0", PATH: "/bin:/usr/bin" };

function psRows(selection: string[]): ProcessRow[] {
  let text: string;
  try {
    text = execFileSync("ps", [...selection, "-o", "pid=,ppid=,pgid=,stat=,lstart="], {
      encoding: "utf8",
      env: PS_ENV,
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return []; // ps ends with 1 where nothing matches
  }
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line);
    if (match === null) return [];
    const [, pid, parent, group, state, start] = match as unknown as [string, string, string, string, string, string];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), state, startTime: normalStart(start) }];
  });
}

/** `ps -o lstart` pads the day of the month with a space. */
export function normalStart(lstart: string): string {
  return lstart.trim().replace(/\s+/g, " ");
}

let boot: string | undefined;

/** An id of the time since this machine was booted: pids and clock ticks start anew with it. */
export function bootId(source = processSource()): string {
  boot ??= source === "proc" ? readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim() : macBoot();
  return boot;
}

function macBoot(): string {
  try {
    return execFileSync("/usr/sbin/sysctl", ["-n", "kern.bootsessionuuid"], { encoding: "utf8", env: {} }).trim();
  } catch {
    return "unknown";
  }
}
