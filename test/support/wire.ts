import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { childEnv, TERRAFORM_BIN } from "./mcp-client.ts";
import { until } from "./processes.ts";

/** A server process at its bare pipes: no SDK between the test and the bytes. */
export interface Wire {
  readonly child: ChildProcessWithoutNullStreams;
  /** All that was on stdout, byte for byte as text. */
  stdout(): string;
  stderr(): string;
  /** Writes one message, or a text as it is. */
  send(message: object | string): void;
  /** The answer to the request of that id, whenever it comes. */
  answer(id: number | string): Promise<any>;
  /** How it ended, and how many milliseconds after this call. */
  end(): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>;
}

export interface WireOptions {
  readonly home: string;
  readonly cwd: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The bin to start; terraform's unless said. Only that is told of `cwd` by an argument. */
  readonly bin?: string;
  /** What is started in the place of `node dist/bin.js`. */
  readonly command?: readonly [string, ...string[]];
}

/** Starts a built server, or another command that should behave as it. */
export function startWire(options: WireOptions): Wire {
  const { bin = TERRAFORM_BIN } = options;
  const [program, ...first] = options.command ?? [process.execPath, bin];
  const child = spawn(program, [...first, ...(options.args ?? (bin === TERRAFORM_BIN ? ["--root", options.cwd] : []))], {
    cwd: options.cwd,
    env: { ...childEnv(), PLATFORM_OPS_HOME: options.home, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  // A server that has ended reads no more; the test looks at its end instead.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("close", (code, signal) => resolve({ code, signal })),
  );
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    send: (message) =>
      void child.stdin.write(typeof message === "string" ? message : `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`),
    answer: (id) =>
      until(
        () =>
          messagesOf(stdout)
            .filter((message) => message["method"] === undefined)
            .find((message) => message["id"] === id),
        `the answer to request ${id}; stderr: ${stderr}`,
      ),
    end: async () => {
      const began = performance.now();
      return { ...(await ended), ms: performance.now() - began };
    },
  };
}

/** The complete lines of stdout as JSON-RPC messages. Throws at a line that is none: stdout belongs to the protocol. */
export function messagesOf(stdout: string): Record<string, any>[] {
  const lines = stdout.split("\n").slice(0, -1);
  return lines.map((line) => {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      throw new Error(`on stdout, and no JSON: ${JSON.stringify(line.slice(0, 200))}`);
    }
    if ((message as { jsonrpc?: unknown } | null)?.jsonrpc !== "2.0") throw new Error(`on stdout, and no JSON-RPC: ${line.slice(0, 200)}`);
    return message as Record<string, any>;
  });
}

/** The opening of a client of the 2025-11-25 era; its request has id 0. */
export const OPENING = [
  { id: 0, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "wire", version: "1" } } },
  { method: "notifications/initialized" },
] as const;

/** A `tools/call` request. */
export const callOf = (id: number, name: string, args: object = {}): object => ({
  id,
  method: "tools/call",
  params: { name, arguments: args },
});
