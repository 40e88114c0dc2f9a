import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Processes of a data directory, as its supervisor wrote them down. */
export type Part = "supervisor" | "temporal" | "worker";

/** The pid of a part that lives now; undefined where none does. */
export async function pidOf(home: string, part: Part): Promise<number | undefined> {
  const file = part === "supervisor" ? "lock" : "state.json";
  const text = await readFile(join(home, "supervisor", file), "utf8").catch(() => "{}");
  const state = JSON.parse(text) as { pid?: number; temporal?: { pid: number }; workers?: { pid: number; role: string }[] };
  const pid =
    part === "supervisor" ? state.pid : part === "temporal" ? state.temporal?.pid : state.workers?.find((w) => w.role === "current")?.pid;
  return pid !== undefined && lives(pid) ? pid : undefined;
}

/** True for a process that runs; a zombie does not. */
export function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Kills a part of the data directory; throws where none lives, since a test would then prove nothing. */
export async function kill(home: string, part: Part, signal: NodeJS.Signals = "SIGKILL"): Promise<number> {
  const pid = await until(() => pidOf(home, part), `a living ${part}`);
  process.kill(pid, signal);
  return pid;
}

/** Waits for a value; throws with `what` after `seconds`. */
export async function until<T>(look: () => Promise<T | undefined | false> | T | undefined | false, what: string, seconds = 60): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await look();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await sleep(100);
  }
}

/** Pids of running programs of that name (not of shells that started them) whose command line holds all of `words`. */
export function pidsOf(program: string, ...words: string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
        return basename(argv[0] ?? "") === program && words.every((word) => argv.join(" ").includes(word)) && lives(Number(name));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** As `pidsOf`, of what is found as `terraform`: where there is none, an OpenTofu under that name, whose processes bear their own. */
export function terraformPids(...words: string[]): number[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, "terraform")).find((path) => existsSync(path));
  return found === undefined ? [] : pidsOf(basename(realpathSync(found)), ...words);
}

/** The environment with which a process was started, as Linux keeps it: `NAME=value`, separated by NUL. */
export function environmentOf(pid: number): string {
  return readFileSync(`/proc/${pid}/environ`, "utf8");
}

/** Pids of living processes that were started with that data directory, whoever started them. */
export function processesOf(home: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && environmentOf(pid).split("\0").includes(`PLATFORM_OPS_HOME=${home}`) && lives(pid);
      } catch {
        return false;
      }
    });
}
