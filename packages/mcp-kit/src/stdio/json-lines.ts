/** The largest message that is read, in bytes; the limit of the SDK's own transport. */
export const MAX_MESSAGE_BYTES = 10 * 1024 * 1024;

/** Thrown by `push` when a line grows over the limit. */
export class MessageTooLarge extends Error {}

/** Cuts a byte stream into lines without copying what it already holds; a last line without newline is given by `rest`. */
export class LineSplitter {
  #parts: Buffer[] = [];
  #held = 0;

  /** The lines that this chunk completes, without their line ends. Throws MessageTooLarge. */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      this.#hold(chunk.subarray(from, end));
      lines.push(this.#take());
      from = end + 1;
    }
    if (from < chunk.length) this.#hold(chunk.subarray(from));
    return lines;
  }

  /** What is held after the last newline. */
  rest(): string {
    return this.#take();
  }

  #hold(part: Buffer): void {
    this.#held += part.length;
    if (this.#held > MAX_MESSAGE_BYTES) throw new MessageTooLarge(`a message is larger than ${MAX_MESSAGE_BYTES} bytes`);
    this.#parts.push(part);
  }

  #take(): string {
    const line = (this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)).toString("utf8");
    this.#parts = [];
    this.#held = 0;
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  }
}
