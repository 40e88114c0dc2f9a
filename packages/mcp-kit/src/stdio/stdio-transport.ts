import type { Readable, Writable } from "node:stream";
import { LineSplitter, MessageTooLarge } from "./json-lines.ts";
import { parseMessage, type Message } from "./parse-message.ts";
import { wordedError } from "../calls/worded-error.ts";

/** Why the stream ended. */
export type StdioEnd = "eof" | "too_large" | "closed" | "broken_pipe";

/**
 * Newline-delimited JSON over two streams, as the SDK's `Transport`. Other than the SDK's own: at the end of input the
 * requests still in flight are answered before it closes (`drainMs`), a message over the limit ends it with a reason,
 * and what is no message is reported in one line.
 */
export class StdioTransport {
  onmessage?: (message: any) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  /** Resolves once, when the stream has ended. */
  readonly ended: Promise<StdioEnd>;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #drainMs: number;
  readonly #lines = new LineSplitter();
  readonly #inFlight = new Set<string | number>();
  #resolveEnded!: (end: StdioEnd) => void;
  readonly #hushed = new Set<string | number>();
  #started = false;
  #closed = false;
  #draining = false;

  constructor(input: Readable, output: Writable, drainMs: number) {
    this.#input = input;
    this.#output = output;
    this.#drainMs = drainMs;
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve));
  }

  /** Drops the next answer to each of these requests: the client has it already. */
  hush(ids: readonly (string | number)[]): void {
    for (const id of ids) this.#hushed.add(id);
  }

  async start(): Promise<void> {
    // Called again when the SDK takes over a connection that was opened without it.
    if (this.#started) return;
    this.#started = true;
    this.#input.on("data", this.#onData);
    this.#input.on("end", this.#onEnd);
    this.#input.on("close", this.#onEnd);
    this.#input.on("error", this.#onEnd);
    // Stays after close: a write that fails late must not become an uncaught exception.
    this.#output.on("error", () => this.#finish("broken_pipe"));
    if (this.#input.readableEnded || this.#input.destroyed) setImmediate(this.#onEnd);
  }

  async send(message: unknown): Promise<void> {
    if (this.#closed) throw new Error("the transport is closed");
    const { id, method } = message as Message;
    if (id !== undefined && method === undefined && this.#hushed.delete(id)) return;
    const flushed = this.#write(`${JSON.stringify(wordedError(message))}\n`);
    if (id !== undefined && method === undefined) this.#settle(id);
    await flushed;
  }

  async close(): Promise<void> {
    this.#finish("closed");
  }

  readonly #onData = (chunk: Buffer | string): void => {
    try {
      for (const line of this.#lines.push(Buffer.from(chunk as Buffer))) this.#onLine(line);
    } catch (error) {
      if (!(error instanceof MessageTooLarge)) throw error;
      this.onerror?.(error);
      this.#finish("too_large");
    }
  };

  readonly #onEnd = (): void => {
    if (this.#closed || this.#draining) return;
    this.#draining = true;
    this.#onLine(this.#lines.rest());
    // What was read is still on its way through the SDK's queue: it counts as in flight from #onLine on.
    if (this.#inFlight.size === 0) return this.#finish("eof");
    setTimeout(() => this.#finish("eof"), this.#drainMs).unref();
  };

  #onLine(line: string): void {
    if (this.#closed || line.trim() === "") return;
    const message = parseMessage(line);
    if (typeof message === "string") {
      this.onerror?.(new Error(message));
      return;
    }
    if ("invalid" in message) {
      void this.#write(`${JSON.stringify({ jsonrpc: "2.0", id: message.invalid, error: message.error })}\n`);
      return;
    }
    if (message.id !== undefined && message.method !== undefined) this.#inFlight.add(message.id);
    const cancelled = message.method === "notifications/cancelled" ? (message.params?.requestId as string | number | undefined) : undefined;
    this.onmessage?.(message);
    // A cancelled request is never answered.
    if (cancelled !== undefined) this.#settle(cancelled);
  }

  #settle(id: string | number): void {
    this.#inFlight.delete(id);
    if (this.#draining && this.#inFlight.size === 0) this.#output.write("", () => this.#finish("eof"));
  }

  #write(text: string): Promise<void> {
    return new Promise((resolve) => (this.#output.write(text) ? resolve() : this.#output.once("drain", resolve)));
  }

  #finish(end: StdioEnd): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const [event, listener] of [
      ["data", this.#onData],
      ["end", this.#onEnd],
      ["close", this.#onEnd],
      ["error", this.#onEnd],
    ] as const)
      this.#input.off(event, listener);
    this.#input.pause();
    this.onclose?.();
    this.#resolveEnded(end);
  }
}
