// Runs one program for the set-up. Plain Node: runs before anything is installed.
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

/** What the set-up cannot do without, and how to get it: exit code 3. */
export class MissingPart extends Error {}

/** A program of the set-up that failed: exit code 1. `output` holds its last lines. */
export class ProgramFailed extends Error {
  constructor(message, output, code) {
    super(message);
    this.output = output;
    this.code = code;
  }
}

/**
 * Runs a program to its end. Every line of its output goes to `onLine`; stdout is returned.
 * @param {{ cwd?: string, env?: object, onLine?: (line: string) => void, signal?: AbortSignal, timeoutMs?: number }} options
 * @throws ProgramFailed
 */
export function run(program, args, options = {}) {
  const { cwd, env = process.env, onLine = () => {}, signal, timeoutMs } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // A group of its own, so that what the program starts ends with it.
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
    const tail = [];
    const stdout = [];
    const stop = () => killGroup(child.pid);
    const timer = timeoutMs === undefined ? undefined : setTimeout(stop, timeoutMs);
    signal?.addEventListener("abort", stop, { once: true });
    const note = (line) => {
      if (line.trim() === "") return;
      tail.push(line);
      if (tail.length > 40) tail.shift();
      onLine(line);
    };
    lines(child.stdout, note, stdout);
    lines(child.stderr, note);
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      if (code === 0) return resolve(stdout.join(""));
      const how = code === null ? `was ended by ${killedBy}` : `ended with exit code ${code}`;
      reject(new ProgramFailed(`${[basename(program), ...args.slice(0, 3)].join(" ")} ${how}`, tail, code));
    });
  });
}

/** The full path of a program, or undefined. */
export function which(name, path = process.env.PATH ?? "") {
  for (const folder of path.split(delimiter)) {
    const file = join(folder || ".", name);
    try {
      accessSync(file, constants.X_OK);
      if (statSync(file).isFile()) return file;
    } catch {
      // look further
    }
  }
  return undefined;
}

function lines(stream, onLine, keep) {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    keep?.push(text);
    const parts = (rest + text).split(/\r?\n|\r/);
    rest = parts.pop();
    for (const part of parts) onLine(part);
  });
  stream.on("end", () => rest !== "" && onLine(rest));
}

function killGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch {
    // it has ended
  }
}
