import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { OpsError } from "@platform-ops/errors";
import type { ExecEnd, ExecRequest } from "../transport.ts";

export interface ProgramSurroundings {
  /** All of the program's environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Milliseconds from a program's end until its streams are no longer read. */
const STREAMS_MS = 500;

/** Starts programs of this machine for a transport, from arrays of words: nothing on the way interprets them. */
export class ProgramRunner {
  readonly #surroundings: ProgramSurroundings;
  readonly #running = new Set<ChildProcess>();

  constructor(surroundings: ProgramSurroundings) {
    this.#surroundings = surroundings;
  }

  /** One program, to its end; its streams, input, go-ahead and signal as the request has them. */
  exec(words: readonly string[], request: ExecRequest): Promise<ExecEnd> {
    const [program = "", ...args] = words;
    const { env, cwd } = this.#surroundings;
    // In a group of its own a terminal's signals do not reach it.
    const child = spawn(program, args, { env: { ...env }, cwd, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.#running.add(child);
    child.stdout.on("data", (chunk: Buffer) => request.onStdout(chunk));
    child.stderr.on("data", (chunk: Buffer) => request.onStderr(chunk));
    // What ended before it read all of its stdin is no failure.
    child.stdin.on("error", () => undefined);
    child.stdin.write(request.input);
    if (request.endInput === true) child.stdin.end();
    void request.goAhead?.then((bytes) => child.stdin.writable && child.stdin.write(bytes));
    const stopWaiting = endWhenAborted(child, request);
    return new Promise((resolve) => {
      const end = (told: ExecEnd): void => {
        stopWaiting();
        this.#running.delete(child);
        child.stdin.destroy();
        resolve(told);
      };
      child.on("error", (cause) =>
        end({ how: "refused", exit_code: null, failure: new OpsError("program_missing", `${program} cannot be started here.`, { cause }) }),
      );
      // What it left in the background may hold the streams for ever: its own last words have arrived by then.
      child.on("exit", () => setTimeout(dropStreams, STREAMS_MS, child).unref());
      child.on("close", (code, signal) =>
        end(signal === null ? { how: "exited", exit_code: code } : { how: "signalled", exit_code: null, signal }),
      );
    });
  }

  /** Closes stdin of all that runs and waits for the ends. */
  async close(): Promise<void> {
    const ends = [...this.#running].map((child) => once(child, "close"));
    for (const child of this.#running) child.stdin?.end();
    await Promise.all(ends);
  }
}

function endWhenAborted(child: ChildProcess, { signal, graceMs }: ExecRequest): () => void {
  let timer: NodeJS.Timeout | undefined;
  const drop = (): void => {
    dropStreams(child);
    // The program alone, as Teleport does it: what watches the command in its group has to outlive it.
    child.kill("SIGKILL");
  };
  const abort = (): void => {
    child.stdin?.end();
    timer = setTimeout(drop, graceMs);
  };
  signal.addEventListener("abort", abort, { once: true });
  return () => {
    signal.removeEventListener("abort", abort);
    clearTimeout(timer);
  };
}

function dropStreams(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
}
