import { open } from "node:fs/promises";

import { parseLossless } from "./lossless-json.ts";

/** One line of the `-json` stream; keys beyond these depend on `type`. */
export interface TerraformEvent {
  readonly type: string;
  readonly "@level"?: string;
  readonly "@message"?: string;
  readonly "@timestamp"?: string;
  readonly [key: string]: unknown;
}

/**
 * Reads one line of the `-json` stream. Undefined for what is not an event: terraform < 1.15 writes ANSI text
 * between the lines of `init -json`, and a killed program leaves half a line.
 */
export function parseEventLine(line: string): TerraformEvent | undefined {
  const start = line.indexOf("{");
  if (start < 0 || line.slice(0, start).trim() !== "") return undefined;
  try {
    // Values of outputs must keep every digit; all other events hold small numbers only.
    const value: unknown = line.includes('"type":"outputs"') ? parseLossless(line) : JSON.parse(line);
    if (typeof value !== "object" || value === null || typeof (value as { type?: unknown }).type !== "string") {
      // A diagnostic printed before the view is ready has no type in some versions; it still has its level.
      return undefined;
    }
    return value as TerraformEvent;
  } catch {
    return undefined;
  }
}

const LINE_FEED = 0x0a;
const CHUNK = 256 * 1024;

/** Follows a growing file of lines from an offset; lines have no upper length (a 3 MB output is one line). */
export class EventTail {
  readonly path: string;
  /** Bytes read so far, including the unfinished last line. */
  offset: number;
  /** Lines that are not events, bounded: they may tell why a program failed. */
  readonly noise: string[] = [];
  private pending: Buffer[] = [];

  constructor(path: string, offset = 0) {
    this.path = path;
    this.offset = offset;
  }

  /** The events of the lines that were finished since the last call. A file that is not there yet has none. */
  async read(): Promise<TerraformEvent[]> {
    const events: TerraformEvent[] = [];
    const file = await open(this.path, "r").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (file === undefined) return events;
    try {
      for (;;) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK), 0, CHUNK, this.offset);
        if (bytesRead === 0) return events;
        this.offset += bytesRead;
        this.split(buffer.subarray(0, bytesRead), events);
      }
    } finally {
      await file.close();
    }
  }

  /** Like `read`, and takes an unfinished last line for a line. */
  async finish(): Promise<TerraformEvent[]> {
    const events = await this.read();
    if (this.pending.length > 0) this.split(Buffer.from("\n"), events);
    return events;
  }

  private split(bytes: Buffer, events: TerraformEvent[]): void {
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
      this.pending.push(bytes.subarray(start, end));
      this.take(Buffer.concat(this.pending).toString("utf8"), events);
      this.pending = [];
      start = end + 1;
    }
    if (start < bytes.length) this.pending.push(bytes.subarray(start));
  }

  private take(line: string, events: TerraformEvent[]): void {
    const event = parseEventLine(line);
    if (event !== undefined) events.push(event);
    else if (line.trim() !== "" && this.noise.length < 50) this.noise.push(line.slice(0, 2000));
  }
}
