import { plainOutput } from "./plain-output.ts";
import type { Capture } from "./remote.ts";
import type { CapturedText } from "./result.ts";

/** Memory for bytes, taken as it is needed up to a bound. */
class Store {
  #bytes = Buffer.alloc(0);
  #length = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get room(): number {
    return this.#most - this.#length;
  }

  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Copies, so that a small slice never keeps the large chunk alive that it came in. */
  append(chunk: Uint8Array): void {
    const needed = this.#length + chunk.length;
    if (needed > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#most, Math.max(needed, this.#bytes.length * 2, 1_024)));
      this.#bytes.copy(grown, 0, 0, this.#length);
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = needed;
  }

  clear(): void {
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
  }
}

/** The last bytes of all that were written, in memory of a fixed size. */
class Ring {
  #bytes = Buffer.alloc(0);
  #written = 0;
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  append(chunk: Uint8Array): void {
    if (this.#size === 0 || chunk.length === 0) return;
    if (this.#bytes.length === 0) this.#bytes = Buffer.allocUnsafeSlow(this.#size);
    const kept = chunk.length > this.#size ? chunk.subarray(chunk.length - this.#size) : chunk;
    const at = (this.#written + chunk.length - kept.length) % this.#size;
    const first = Math.min(kept.length, this.#size - at);
    this.#bytes.set(kept.subarray(0, first), at);
    this.#bytes.set(kept.subarray(first), 0);
    this.#written += chunk.length;
  }

  get content(): Buffer {
    if (this.#written <= this.#size) return this.#bytes.subarray(0, this.#written);
    const at = this.#written % this.#size;
    return Buffer.concat([this.#bytes.subarray(at), this.#bytes.subarray(0, at)]);
  }
}

/** How far a cut may move to fall between two lines. */
const LINE_REACH = 256;

/**
 * Keeps one stream within bounds while it arrives, in memory that does not grow with it. For a model: head and tail. For a
 * parser: all of it, or nothing but the fact that it is too much.
 */
export class StreamCapture {
  readonly #capture: Capture;
  readonly #head: Store;
  readonly #tail: Ring;
  #bytes = 0;

  constructor(capture: Capture) {
    this.#capture = capture;
    const most = Math.max(0, capture.maxBytes);
    this.#head = new Store(capture.for === "parser" ? most : Math.ceil(most / 2));
    this.#tail = new Ring(capture.for === "parser" ? 0 : Math.floor(most / 2));
  }

  /** True when a parser's stream has passed its limit. */
  get isOver(): boolean {
    return this.#capture.for === "parser" && this.#bytes > this.#capture.maxBytes;
  }

  write(chunk: Uint8Array): void {
    const { room } = this.#head;
    this.#bytes += chunk.length;
    if (this.isOver) this.#head.clear();
    else if (chunk.length <= room) this.#head.append(chunk);
    else {
      if (room > 0) this.#head.append(chunk.subarray(0, room));
      this.#tail.append(chunk.subarray(room));
    }
  }

  /** What was kept, as text. */
  read(): CapturedText {
    const bytes = this.#bytes;
    if (this.#capture.for === "parser")
      return { text: this.isOver ? "" : this.#head.content.toString("utf8"), bytes, truncated: this.isOver };
    const left = bytes - this.#head.content.length - this.#tail.content.length;
    if (left <= 0)
      return { text: plainOutput(Buffer.concat([this.#head.content, this.#tail.content]).toString("utf8")), bytes, truncated: false };
    const head = endOfHead(this.#head.content);
    const tail = beginningOfTail(this.#tail.content);
    const missing = (bytes - head.length - tail.length).toLocaleString("en-US");
    const before = plainOutput(head.toString("utf8"));
    const note = `${before === "" || before.endsWith("\n") ? "" : "\n"}[… ${missing} bytes left out …]\n`;
    return { text: before + note + plainOutput(tail.toString("utf8")), bytes, truncated: true };
  }
}

/** Without half a line where one ends near, else without half a character. */
function endOfHead(head: Buffer): Buffer {
  const line = head.lastIndexOf(10);
  if (line >= 0 && head.length - line <= LINE_REACH) return head.subarray(0, line + 1);
  let at = head.length - 1;
  while (at >= 0 && head.length - at < 4 && (head[at]! & 0xc0) === 0x80) at -= 1;
  const first = head[at] ?? 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
  return at >= 0 && at + length > head.length ? head.subarray(0, at) : head;
}

function beginningOfTail(tail: Buffer): Buffer {
  const line = tail.indexOf(10);
  if (line >= 0 && line < LINE_REACH) return tail.subarray(line + 1);
  let at = 0;
  while (at < 3 && at < tail.length && (tail[at]! & 0xc0) === 0x80) at += 1;
  return tail.subarray(at);
}
