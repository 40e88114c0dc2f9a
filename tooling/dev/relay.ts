import { spawn, type ChildProcess } from "node:child_process";
import { watch, type FSWatcher } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** A server under development, and the streams of the client that uses it. */
export interface RelayOptions {
  /** Program and arguments of the server. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Folders; a change in one of them restarts the server. */
  readonly watch: readonly string[];
  readonly input: Readable;
  /** Nothing but the protocol is written to it. */
  readonly output: Writable;
  /** Words for the developer, one line each. */
  readonly log: (line: string) => void;
  /** SIGINT and SIGTERM by name. */
  readonly signals: { on(signal: "SIGINT" | "SIGTERM", listener: () => void): unknown };
}

interface Message {
  readonly id?: string | number;
  readonly method?: string;
}

/** An editor that saves all touches many files at once. */
const SETTLE_MS = 150;

/** What of an opening a new process must hear again. */
const OPENING = new Set(["initialize", "notifications/initialized"]);

/**
 * Runs a stdio server so that it can be restarted under a connected client: the client's opening is said again to each new
 * process, whose answers to it are dropped, and a request that a restart cut off is answered with an error. Resolves to the
 * exit code when the client has gone or a signal came.
 */
export function relay(options: RelayOptions): Promise<number> {
  return new Promise((resolve) => new Relay(options, resolve));
}

class Relay {
  readonly #options: RelayOptions;
  readonly #done: (code: number) => void;
  readonly #opening: string[] = [];
  readonly #inFlight = new Set<string | number>();
  readonly #dropped = new Set<string | number>();
  readonly #watchers: FSWatcher[];
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ending = false;
  #restarting = false;

  constructor(options: RelayOptions, done: (code: number) => void) {
    this.#options = options;
    this.#watchers = options.watch.map((folder) => watch(folder, { recursive: true }, (_event, file) => this.#changed(String(file))));
    this.#done = (code) => {
      for (const watcher of this.#watchers) watcher.close();
      done(code);
    };
    options.signals.on("SIGINT", () => this.#end("SIGINT"));
    options.signals.on("SIGTERM", () => this.#end("SIGTERM"));
    createInterface({ input: options.input })
      .on("line", (line) => this.#fromClient(line))
      .on("close", () => this.#end());
    this.#start();
  }

  #start(): void {
    const [program, ...args] = this.#options.command;
    const child = spawn(program, args, { cwd: this.#options.cwd, stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#restarting = false;
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => this.#fromServer(line));
    child.on("close", (code, signal) => this.#closed(child, code ?? (signal === null ? 1 : 0)));
    for (const line of this.#opening) {
      const { id } = parse(line);
      if (id !== undefined && !this.#inFlight.has(id)) this.#dropped.add(id);
      child.stdin.write(`${line}\n`);
    }
  }

  #fromClient(line: string): void {
    const { id, method } = parse(line);
    const isOpening = method !== undefined && OPENING.has(method);
    if (isOpening) this.#opening.push(line);
    if (id !== undefined && method !== undefined) {
      this.#inFlight.add(id);
      // The next process hears the opening; anything else would wait for nobody knows what.
      if (this.#child === undefined && !isOpening) return this.#refuse(id, "the server does not run: see its stderr");
    }
    this.#child?.stdin?.write(`${line}\n`);
  }

  #fromServer(line: string): void {
    const { id, method } = parse(line);
    if (id !== undefined && method === undefined) {
      if (this.#dropped.delete(id)) return;
      this.#inFlight.delete(id);
    }
    this.#options.output.write(`${line}\n`);
  }

  #changed(file: string): void {
    if (!/\.(ts|json|yaml)$/.test(file) || file.endsWith(".test.ts") || this.#ending) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#options.log(`${file} changed; restarting`);
      this.#restarting = true;
      if (this.#child === undefined) this.#start();
      else this.#child.kill("SIGTERM");
    }, SETTLE_MS);
  }

  #closed(child: ChildProcess, code: number): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    this.#dropped.clear();
    if (this.#ending) return this.#done(code);
    const opening = new Set(this.#opening.map((line) => parse(line).id));
    for (const id of [...this.#inFlight].filter((id) => !opening.has(id)))
      this.#refuse(id, "the server was restarted before it answered; whether the call took effect is not known");
    if (this.#restarting) return this.#start();
    this.#options.log(`the server ended with ${code}; it starts again when a source changes`);
  }

  #refuse(id: string | number, message: string): void {
    this.#inFlight.delete(id);
    this.#options.output.write(`${JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32000, message } })}\n`);
  }

  /** The client has gone, or said by a signal that the server should: the server ends as it would alone. */
  #end(signal?: NodeJS.Signals): void {
    clearTimeout(this.#timer);
    this.#ending = true;
    if (this.#child === undefined) return this.#done(0);
    if (signal === undefined) this.#child.stdin?.end();
    else this.#child.kill(signal);
  }
}

/** A line as a message; one that is none has neither id nor method, and is passed on as it is. */
function parse(line: string): Message {
  try {
    const message: unknown = JSON.parse(line);
    return typeof message === "object" && message !== null ? message : {};
  } catch {
    return {};
  }
}
