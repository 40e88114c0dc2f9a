import { OpsError } from "@platform-ops/errors";

/** A part of a list. */
export interface Page<T> {
  readonly shown: readonly T[];
  readonly total: number;
  readonly next_cursor?: string;
}

/** Characters of a result's list: with what stands around it about 2,000 tokens. */
const ROOM = 6_000;

/**
 * The part of a list from a cursor on: as many entries as there is room for.
 * @param sizeOf characters that an entry costs
 * @throws OpsError invalid_input for a cursor that is none
 */
export function pageOf<T>(all: readonly T[], cursor: string | undefined, sizeOf: (one: T) => number): Page<T> {
  const start = startOf(cursor);
  let end = start;
  let used = 0;
  while (end < all.length) {
    used += sizeOf(all[end] as T);
    if (used > ROOM && end > start) break;
    end += 1;
  }
  return { shown: all.slice(start, end), total: all.length, ...(end < all.length ? { next_cursor: String(end) } : {}) };
}

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
