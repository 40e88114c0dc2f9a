/** The words after an end mark. */
export interface EndMark {
  readonly status: number;
  /** Something of the command's group still runs. */
  readonly left: boolean;
  /** The watchdog ended the command, because our end of stdin closed. */
  readonly stopped: boolean;
}

export interface MarkedStreamEvents {
  /** A chunk of the command's own output. Only valid during the call. */
  onOutput(chunk: Uint8Array): void;
  /** What came before the command began: a login shell's words. Only valid during the call. */
  onNoise(chunk: Uint8Array): void;
  onStart(words: string): void;
  onEnd(end: EndMark): void;
  /** The script found a reason not to begin: directory, input, base64, go. */
  onRefused(reason: string): void;
}

/** A mark's line is short; what is longer was not written by our script. */
const LONGEST_WORDS = 64;
const NEWLINE = 10;
const NOTHING = Buffer.alloc(0);

/**
 * Finds the marks of an envelope in a stream, however it is cut into chunks. Everything before the start mark is noise,
 * everything after the end mark belongs to processes that outlived the command and is dropped.
 */
export class MarkedStream {
  readonly #mark: Buffer;
  readonly #events: MarkedStreamEvents;
  #phase: "noise" | "output" | "ended" = "noise";
  #held: Buffer = NOTHING;

  /** @param mark what every mark of this command begins with */
  constructor(mark: string, events: MarkedStreamEvents) {
    this.#mark = Buffer.from(`${mark}-`);
    this.#events = events;
  }

  write(chunk: Uint8Array): void {
    const arrived = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let rest = this.#held.length === 0 ? arrived : Buffer.concat([this.#held, arrived]);
    this.#held = NOTHING;
    while (rest.length > 0 && this.#phase !== "ended") {
      const at = rest.indexOf(this.#mark);
      if (at < 0) {
        const possible = beginningAtEnd(rest, this.#mark);
        this.#pass(rest.subarray(0, possible));
        // A copy: the chunk's memory belongs to the transport.
        this.#held = Buffer.from(rest.subarray(possible));
        return;
      }
      this.#pass(rest.subarray(0, at));
      const words = rest.subarray(at + this.#mark.length);
      const end = words.subarray(0, LONGEST_WORDS).indexOf(NEWLINE);
      if (end < 0 && words.length < LONGEST_WORDS) {
        this.#held = Buffer.from(rest.subarray(at));
        return;
      }
      if (end < 0 || !this.#take(words.toString("latin1", 0, end))) {
        this.#pass(this.#mark);
        rest = words;
      } else rest = words.subarray(end + 1);
    }
  }

  /** The stream is over: what was held back as the possible beginning of a mark was none. */
  end(): void {
    this.#pass(this.#held);
    this.#held = NOTHING;
  }

  #pass(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#phase === "noise") this.#events.onNoise(bytes);
    else if (this.#phase === "output") this.#events.onOutput(bytes);
  }

  #take(line: string): boolean {
    const [kind, ...words] = line.split(" ");
    if (kind === "start" && this.#phase === "noise") {
      this.#phase = "output";
      this.#events.onStart(words.join(" "));
      return true;
    }
    if (kind === "refused") {
      this.#events.onRefused(words.join(" "));
      return true;
    }
    if (kind !== "end" || this.#phase !== "output" || !/^\d{1,3} [01] \d{1,3}$/.test(words.join(" "))) return false;
    this.#phase = "ended";
    this.#events.onEnd({ status: Number(words[0]), left: words[1] === "1", stopped: words[2] === "3" });
    return true;
  }
}

/** Where at the end of the bytes a mark may begin; their length where none can. */
function beginningAtEnd(bytes: Buffer, mark: Buffer): number {
  const from = Math.max(0, bytes.length - mark.length + 1);
  for (let at = bytes.indexOf(mark[0]!, from); at >= 0; at = bytes.indexOf(mark[0]!, at + 1))
    if (bytes.compare(mark, 0, bytes.length - at, at) === 0) return at;
  return bytes.length;
}
