// What tsh adds to the stderr of the remote command, and how it is told from the remote's own words.
// Facts: seen on a real cluster (13.3.8); 16 and 18 write the same by their source.

/** How a failure of tsh, and the status of a remote command, begin on stderr: coloured also without a terminal. */
const ERROR_MARK = "\u001B[31mERROR: \u001B[0m";
/** At most this much is held back, from the last possible beginning of tsh's own line on. */
const HELD_BACK = 16 * 1024;
const MARK_BYTES = Buffer.from(ERROR_MARK);
const STATUS_LINE = /^Process exited with status (\d{1,10})\s*$/;

/** What stood at the end of stderr. */
export interface TshWords {
  /** The status that tsh's own last line tells of; undefined where the last line is something else. */
  readonly status: number | undefined;
  /** tsh's own last error without colour and mark, at most 2,000 characters; undefined where there is none. */
  readonly error: string | undefined;
}

/**
 * Passes stderr on while it comes, but for what may be tsh's own last words. A remote can print the same mark: only the
 * last one before the end can be tsh's, and every earlier one is passed on as the remote's.
 */
export class TshStderr {
  #held: Buffer = Buffer.alloc(0);
  /** The first bytes: a failure before the command has no mark where several machines have the name. */
  #first = "";
  readonly #pass: (chunk: Uint8Array) => void;

  constructor(pass: (chunk: Uint8Array) => void) {
    this.#pass = pass;
  }

  /** Takes the next piece. */
  push(chunk: Uint8Array): void {
    if (this.#first.length < 4000) this.#first += Buffer.from(chunk).toString("utf8").slice(0, 4000);
    const all = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    const mark = all.lastIndexOf(MARK_BYTES);
    const from = mark >= 0 ? mark : all.length - beginningAtEnd(all);
    // A mark with more behind it than tsh ever writes is the remote's; what may begin a new one is held on.
    const keep = all.length - from > HELD_BACK ? all.length - beginningAtEnd(all) : from;
    if (keep > 0) this.#pass(all.subarray(0, keep));
    this.#held = all.subarray(keep);
  }

  /**
   * The end: tells what tsh said, and passes the held bytes on where they are the remote's.
   * @param exit tsh's own exit status; null when it was killed
   */
  end(exit: number | null): TshWords {
    const bytes = this.#held;
    this.#held = Buffer.alloc(0);
    const held = bytes.toString("utf8");
    const error = held.startsWith(ERROR_MARK) ? held.slice(ERROR_MARK.length) : undefined;
    const status = error === undefined ? undefined : statusIn(error, exit);
    // tsh ends with 0 only when the remote did, and then it adds nothing: what looks like its line is the remote's.
    const own = error !== undefined && exit !== 0 && exit !== null && (status !== undefined || exit === 1);
    if (!own) {
      if (bytes.length > 0) this.#pass(bytes);
      return { status: undefined, error: exit === 1 ? unmarkedError(this.#first) : undefined };
    }
    return { status, error: status === undefined ? withoutColour(error).trim().slice(0, 2000) : undefined };
  }
}

/** Text without colour codes. */
export function withoutColour(text: string): string {
  return text.replaceAll(/\u001B\[[0-9;]*m/g, "");
}

/** tsh's last error in a whole stderr of a call that runs no remote command; undefined where there is none. */
export function lastError(stderr: string): string | undefined {
  const at = stderr.lastIndexOf(ERROR_MARK);
  if (at >= 0)
    return withoutColour(stderr.slice(at + ERROR_MARK.length))
      .trim()
      .slice(0, 2000);
  return unmarkedError(stderr) ?? /^ERROR: (.+)/ms.exec(withoutColour(stderr))?.[1]?.trim().slice(0, 2000);
}

/** Two failures have neither colour nor mark: a name that several machines have, and a wrong command line. */
function unmarkedError(stderr: string): string | undefined {
  return /^(?:tsh: )?error: ([^]+)/i.exec(withoutColour(stderr).trimStart())?.[1]?.trim().slice(0, 2000);
}

/** A line of ours counts only when it tells the status that tsh ended with; −1 of the wire is 2^32−1 in it. */
function statusIn(error: string, exit: number | null): number | undefined {
  const digits = STATUS_LINE.exec(error)?.[1];
  const status = digits === undefined ? undefined : Number(digits);
  return status !== undefined && (status === exit || (exit === 255 && status === 4294967295)) ? status : undefined;
}

/** How many of the last bytes may be the beginning of a mark. */
function beginningAtEnd(bytes: Buffer): number {
  for (let length = Math.min(MARK_BYTES.length - 1, bytes.length); length > 0; length--) {
    if (bytes.subarray(bytes.length - length).equals(MARK_BYTES.subarray(0, length))) return length;
  }
  return 0;
}
