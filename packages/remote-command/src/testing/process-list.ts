import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

/** Pids of living processes whose arguments are these, or hold this text; the dead that nobody collected do not count. */
export function processesWith(wanted: string | RegExp): number[] {
  const rows = execFileSync("ps", ["-eo", "pid=,stat=,args=", "-ww"], { encoding: "utf8" }).split("\n");
  return rows
    .map((row) => /^ *(\d+) (\S+) +(.*)$/.exec(row))
    .filter((row) => row !== null)
    .filter(([, , stat, args]) => !stat!.startsWith("Z") && (typeof wanted === "string" ? args === wanted : wanted.test(args!)))
    .map(([, pid]) => Number(pid));
}

/** Waits until a condition holds; false when it did not within the time. */
export async function holdsWithin(ms: number, condition: () => boolean): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(50)) if (condition()) return true;
  return condition();
}
