import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { childEnv } from "../support/mcp-client.ts";

/** Middle of the sorted values. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which a share of the sorted values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Milliseconds of a whole process from spawn to exit. */
export function processTime(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Readonly<Record<string, string>> } = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, [...args], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...childEnv(), ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(performance.now() - started) : reject(new Error(`${command} ended with ${code}: ${complaint.slice(-2000)}`)),
    );
  });
}

/** Milliseconds of both sides of a comparison. */
export interface Pair {
  readonly ours: number;
  readonly theirs: number;
  /** Processor time of this process alone, which waiting for a processor does not lengthen. */
  readonly cpu: { readonly ours: number; readonly theirs: number };
}

/**
 * Two actions next to each other, ours first and then last in turns (ABBA), so that neither a machine that slows down nor caches
 * that the first one warms favour a side. A few rounds before those that count warm both up. `restMs` lies between two actions, for what one leaves to end.
 */
export async function pairs(ours: () => Promise<void>, theirs: () => Promise<void>, rounds: number, restMs = 0): Promise<Pair[]> {
  const time = async (action: () => Promise<void>): Promise<{ ms: number; cpu: number }> => {
    await sleep(restMs);
    const [started, before] = [performance.now(), process.cpuUsage()];
    await action();
    const ms = performance.now() - started;
    const { user, system } = process.cpuUsage(before);
    return { ms, cpu: (user + system) / 1000 };
  };
  const taken: Pair[] = [];
  for (let round = -3; round < rounds; round += 1) {
    const [first, second, third, fourth] = [await time(ours), await time(theirs), await time(theirs), await time(ours)];
    if (round < 0) continue;
    const cpu = { ours: (first.cpu + fourth.cpu) / 2, theirs: (second.cpu + third.cpu) / 2 };
    taken.push({ ours: (first.ms + fourth.ms) / 2, theirs: (second.ms + third.ms) / 2, cpu });
  }
  return taken;
}

/** One line of the result: what, its figure, and what was aimed at. */
export function report(what: string, figure: string, aim: string): void {
  process.stdout.write(`${what.padEnd(58)} ${figure.padStart(26)}   ${aim}\n`);
}
