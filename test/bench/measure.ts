import { spawn } from "node:child_process";
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

/** One line of the result: what, its figure, and what was aimed at. */
export function report(what: string, figure: string, aim: string): void {
  process.stdout.write(`${what.padEnd(58)} ${figure.padStart(26)}   ${aim}\n`);
}
