import { OpsError } from "@platform-ops/errors";
import type { Readable, Writable } from "node:stream";

/** A running local program, in a process group of its own. */
export interface Child {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Its exit status when it has ended and its streams are read; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** To its whole process group. */
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/**
 * Starts a program from an array of words, with this environment and no other.
 * @throws OpsError program_missing
 */
export async function startChild(path: string, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Child> {
  const { execa } = await import("execa");
  const subprocess = execa(path, [...words], {
    env,
    extendEnv: false,
    stdio: ["pipe", "pipe", "pipe"],
    buffer: false,
    reject: false,
    // A group of its own: signals of a terminal don't reach it, and ours reach what it started.
    detached: true,
    cwd: "/",
    encoding: "buffer",
  });
  // A program that ends before it has read everything is no failure.
  subprocess.stdin.on("error", () => undefined);
  const ended = subprocess.then((result) => {
    if (result.exitCode === undefined && result.signal === undefined && subprocess.pid === undefined) {
      throw new OpsError("program_missing", `${path} could not be started.`, { cause: result });
    }
    return result.exitCode ?? null;
  });
  ended.catch(() => undefined);
  return {
    stdin: subprocess.stdin,
    stdout: subprocess.stdout,
    stderr: subprocess.stderr,
    ended,
    kill(signal) {
      if (subprocess.pid === undefined) return;
      try {
        process.kill(-subprocess.pid, signal);
      } catch {
        // It has ended.
      }
    },
  };
}
