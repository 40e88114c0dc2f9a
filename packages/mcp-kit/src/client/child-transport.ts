import { spawn, type ChildProcess } from "node:child_process";
import { LineSplitter, MessageTooLarge } from "../stdio/json-lines.ts";

/** A server to start: all of its environment is given, nothing is inherited. */
export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Why the connection to a child ended. */
export type ChildEnd =
  | { readonly why: "not_started"; readonly cause: Error }
  | { readonly why: "exited"; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly why: "too_large" }
  | { readonly why: "closed" };

/** How long a server may take to end after its input was closed, and after SIGTERM, in milliseconds. */
const END_MS = 2_000;
/** How long the last output of an ended server is waited for. */
const LAST_WORDS_MS = 500;
const STDERR_BYTES = 4_096;

/**
 * An MCP server as a child in a process group of its own, spoken to over its standard streams. Other than the SDK's own: what
 * the server started ends with it, a flood ends the connection with a reason, and the reason for every end is known.
 */
export class ChildTransport {
  onmessage?: (message: any) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Resolves once, when nothing more can come. */
  readonly ended: Promise<ChildEnd>;
  readonly #command: ChildCommand;
  readonly #lines = new LineSplitter();
  #child: ChildProcess | undefined;
  #stderr = "";
  #end: ChildEnd | undefined;
  #resolveEnded!: (end: ChildEnd) => void;

  constructor(command: ChildCommand) {
    this.#command = command;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** The process and its group; undefined where it was not started. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** The last of what it wrote to its standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Why it ended, once it has. */
  get end(): ChildEnd | undefined {
    return this.#end;
  }

  start(): Promise<void> {
    if (this.#child !== undefined) return Promise.resolve();
    const { command, args, env, cwd } = this.#command;
    const child = spawn(command, [...args], { env: { ...env }, cwd, detached: true, stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    child.stderr.on("data", (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-STDERR_BYTES)));
    // A server that ended before it read all is told of by `exit`.
    child.stdin.on("error", () => undefined);
    child.once("exit", (code, signal) => {
      const finish = (): void => this.#finish({ why: "exited", code, signal });
      // Its leader is gone: what it left behind would hold our pipes and go on with nobody to hear of it.
      if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
      // Its last words may still be in the pipe.
      child.once("close", finish);
      setTimeout(finish, LAST_WORDS_MS).unref();
    });
    return new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (cause) => {
        this.#finish({ why: "not_started", cause });
        reject(cause);
      });
    });
  }

  send(message: unknown): Promise<void> {
    const stdin = this.#child?.stdin;
    if (this.#end !== undefined || stdin === null || stdin === undefined || !stdin.writable)
      return Promise.reject(new Error("the server has ended"));
    return new Promise((resolve) => {
      if (stdin.write(`${JSON.stringify(message)}\n`)) return resolve();
      const done = (): void => {
        stdin.off("drain", done);
        stdin.off("close", done);
        resolve();
      };
      stdin.on("drain", done);
      stdin.on("close", done);
    });
  }

  /** Closes its input, then ends it and all that it started. */
  async close(): Promise<void> {
    this.#finish({ why: "closed" });
    const child = this.#child;
    if (child?.pid === undefined) return;
    child.stdin?.end();
    if (!(await this.#gone(child, END_MS))) {
      signalGroup(child.pid, "SIGTERM");
      await this.#gone(child, END_MS);
    }
    this.#endGroup(child);
  }

  /** Ends it and all that it started, at once. */
  kill(): void {
    this.#finish({ why: "closed" });
    if (this.#child !== undefined) this.#endGroup(this.#child);
  }

  #read(chunk: Buffer): void {
    if (this.#end !== undefined) return;
    try {
      for (const line of this.#lines.push(chunk)) this.#line(line);
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error;
      this.#finish({ why: "too_large" });
      if (this.#child !== undefined) this.#endGroup(this.#child);
    }
  }

  /** What is no JSON-RPC message is left out: chatter on stdout is a common fault, and no reason to lose a server. */
  #line(line: string): void {
    if (line.trim() === "" || this.#end !== undefined) return;
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.onerror?.(new Error("a line on the server's stdout is not JSON; it was left out"));
      return;
    }
    const isMessage = typeof message === "object" && message !== null && (message as { jsonrpc?: unknown }).jsonrpc === "2.0";
    if (isMessage) this.onmessage?.(message);
    else this.onerror?.(new Error("a line on the server's stdout is no JSON-RPC message; it was left out"));
  }

  #finish(end: ChildEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#resolveEnded(end);
    this.onclose?.();
  }

  #gone(child: ChildProcess, withinMs: number): Promise<boolean> {
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), withinMs);
      child.once("exit", () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  #endGroup(child: ChildProcess): void {
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.stdin?.destroy();
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    return; // nothing of the group is left
  }
}
