import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";

/** A process as the kernel knows it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly group: number;
  /** Start time: clock ticks since boot on Linux, `ps` text elsewhere. With the pid it names a process for good. */
  readonly start: string;
  readonly zombie: boolean;
}

/** Fields behind the command name of /proc/<pid>/stat (proc(5)): the name may hold blanks and parentheses. */
function parseStat(pid: number, stat: string): ProcessFacts | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const start = fields[19];
  if (state === undefined || group === undefined || start === undefined) return undefined;
  return { pid, group: Number(group), start, zombie: state === "Z" || state === "X" };
}

async function fromProc(pid: number): Promise<ProcessFacts | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat === undefined ? undefined : parseStat(pid, stat);
}

/** All processes by `ps`, for systems without /proc (macOS). */
function fromPs(): Promise<ProcessFacts[]> {
  return new Promise((resolve) => {
    execFile("/bin/ps", ["-axo", "pid=,pgid=,stat=,lstart="], { maxBuffer: 16 * 1024 * 1024 }, (_error, stdout) => {
      const lines = stdout.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line));
      resolve(
        lines.flatMap((match) =>
          match === null
            ? []
            : [{ pid: Number(match[1]), group: Number(match[2]), start: match[4] ?? "", zombie: (match[3] ?? "").startsWith("Z") }],
        ),
      );
    });
  });
}

/** The process with that pid, or undefined where none lives (a zombie counts as gone). */
export async function processFacts(pid: number): Promise<ProcessFacts | undefined> {
  const facts = process.platform === "linux" ? await fromProc(pid) : (await fromPs()).find((entry) => entry.pid === pid);
  return facts === undefined || facts.zombie ? undefined : facts;
}

/** The living members of a process group: `kill(-group, 0)` would also succeed on zombies. */
export async function groupMembers(group: number): Promise<ProcessFacts[]> {
  if (process.platform !== "linux") return (await fromPs()).filter((entry) => entry.group === group && !entry.zombie);
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(pids.map((pid) => fromProc(Number(pid))));
  return all.filter((entry): entry is ProcessFacts => entry !== undefined && entry.group === group && !entry.zombie);
}

/** Waits until a process group is empty; false where it is not after `timeoutMs` or when the signal is aborted. */
export async function waitForEmptyGroup(group: number, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
  const end = Date.now() + timeoutMs;
  while ((await groupMembers(group)).length > 0) {
    if (Date.now() >= end || signal?.aborted === true) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
}
