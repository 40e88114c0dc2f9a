import type { Readable, Writable } from "node:stream";
import { LineSplitter } from "../stdio/json-lines.ts";

/** The client's end of a stdio connection, over any two streams; fits the clients of both SDK lines. */
export class StreamTransport {
  onmessage?: (message: any) => void;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #from: Readable;
  readonly #to: Writable;
  readonly #lines = new LineSplitter();

  constructor(from: Readable, to: Writable) {
    this.#from = from;
    this.#to = to;
  }

  async start(): Promise<void> {
    // Whatever is no message fails loudly: stdout belongs to the protocol.
    this.#from.on("data", (chunk: Buffer) => this.#lines.push(Buffer.from(chunk)).forEach((line) => this.onmessage?.(JSON.parse(line))));
    this.#from.on("end", () => this.onclose?.());
  }

  async send(message: unknown): Promise<void> {
    this.#to.write(`${JSON.stringify(message)}\n`);
  }

  async close(): Promise<void> {
    this.#to.end();
    this.onclose?.();
  }
}
