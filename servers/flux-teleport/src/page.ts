import { OpsError } from "@platform-ops/errors";

/** A part of a list. */
export interface Page<T> {
  readonly shown: readonly T[];
  readonly total: number;
  readonly next_cursor?: string;
}

/** Where a list is read on, and how many entries are asked for. */
export interface Asked {
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** What an entry costs: a line of the text, in characters, and an object of the data. */
export interface Cost {
  readonly line: string;
  readonly data: unknown;
  /** Characters of a usual page that an entry takes besides its line. */
  readonly more?: number;
}

/** Characters of a list that nobody asked more of: with what stands around it about 2,000 tokens. */
const ROOM = 6_000;
/** Bytes of a list in either half, whatever is asked for: below what a result may hold at all. */
const MOST = 32_000;

/**
 * The part of a list from a cursor on: as many entries as there is room for, or as are asked for.
 * @throws OpsError invalid_input for a cursor that is none
 */
export function pageOf<T>(all: readonly T[], { cursor, limit }: Asked, costOf: (one: T) => Cost): Page<T> {
  const start = startOf(cursor);
  const last = Math.min(all.length, start + (limit ?? all.length));
  let end = start;
  let usual = 0;
  let text = 0;
  let bytes = 0;
  while (end < last) {
    const { line, data, more = 0 } = costOf(all[end] as T);
    usual += line.length + more;
    text += Buffer.byteLength(line) + QUOTED;
    bytes += Buffer.byteLength(JSON.stringify(data)) + 1;
    if (end > start && (Math.max(text, bytes) > MOST || (limit === undefined && usual > ROOM))) break;
    end += 1;
  }
  return { shown: all.slice(start, end), total: all.length, ...(end < all.length ? { next_cursor: String(end) } : {}) };
}

/** What quoting adds to a line: its mark and its end. */
const QUOTED = 3;

function startOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,6}$/.test(cursor)) return Number(cursor);
  throw new OpsError("invalid_input", "cursor is not one that this tool gave.", { hint: "Use next_cursor of the last answer, or none." });
}

/** The line below a page that does not hold all. */
export function moreLine(page: Page<unknown>): string {
  return page.next_cursor === undefined ? "" : `Showing ${page.shown.length} of ${page.total}; more with cursor ${page.next_cursor}`;
}

/** A text of at most so many characters, on one line. */
export function short(text: string, most: number): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}
