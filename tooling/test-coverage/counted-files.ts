import type { FileSummary } from "./by-member.ts";

/** A place in a source: line from 1, column from 0. */
interface Place {
  readonly line: number;
  readonly column: number;
}
interface Range {
  readonly start: Place;
}

/** What of a file was run how often, in istanbul's form. */
export interface CountedFile {
  readonly statementMap: Readonly<Record<string, Range>>;
  readonly s: Record<string, number>;
  readonly branchMap: Readonly<Record<string, { readonly type: string; readonly loc: Range; readonly locations: readonly unknown[] }>>;
  readonly b: Record<string, number[]>;
}

export type CountedFiles = Readonly<Record<string, CountedFile>>;

/**
 * Adds to `files`, as the tests' own processes counted them, what a bundle counted. Statements and branches are those of `files`:
 * one that the bundle places elsewhere, or does not have, adds nothing.
 */
export function addCounts(files: CountedFiles, bundle: CountedFiles): void {
  for (const [path, file] of Object.entries(files)) {
    const more = bundle[path];
    if (more === undefined) continue;
    const statements = byPlace(more.statementMap, ({ start }) => placeOf(start), more.s);
    for (const [id, { start }] of Object.entries(file.statementMap)) file.s[id] = (file.s[id] ?? 0) + (statements.get(placeOf(start)) ?? 0);
    const branches = byPlace(more.branchMap, branchKey, more.b);
    for (const [id, branch] of Object.entries(file.branchMap)) {
      const arms = branches.get(branchKey(branch));
      if (arms !== undefined) file.b[id] = (file.b[id] ?? []).map((count, arm) => count + (arms[arm] ?? 0));
    }
  }
}

const placeOf = ({ line, column }: Place): string => `${line}:${column}`;

const branchKey = ({ type, loc, locations }: CountedFile["branchMap"][string]): string =>
  `${type} ${placeOf(loc.start)} ${locations.length}`;

function byPlace<Entry, Count>(
  entries: Readonly<Record<string, Entry>>,
  key: (entry: Entry) => string,
  counts: Record<string, Count>,
): Map<string, Count> {
  return new Map(Object.entries(entries).map(([id, entry]) => [key(entry), counts[id] as Count]));
}

/** How many lines and branches of a file there are, and how many ran. A line is one on which a statement begins. */
export function summaryOf(file: CountedFile): FileSummary {
  const lines = [...linesOf(file).values()];
  const arms = Object.values(file.b).flat();
  return {
    lines: { total: lines.length, covered: lines.filter((count) => count > 0).length },
    branches: { total: arms.length, covered: arms.filter((count) => count > 0).length },
  };
}

/** What of a file did not run, to read: `lines 3–5, 9; branches at 12, 20`. */
export function missingIn(file: CountedFile): string {
  const all = [...linesOf(file)].sort(([a], [b]) => a - b);
  const spans: string[] = [];
  for (let at = 0; at < all.length; at += 1) {
    if (all[at]![1] > 0) continue;
    const from = all[at]![0];
    while (all[at + 1]?.[1] === 0) at += 1;
    spans.push(from === all[at]![0] ? `${from}` : `${from}–${all[at]![0]}`);
  }
  const branches = Object.entries(file.branchMap)
    .filter(([id]) => file.b[id]?.includes(0))
    .map(([, { loc }]) => loc.start.line);
  const places = [...new Set(branches)].sort((a, b) => a - b).join(", ");
  return [spans.length > 0 ? `lines ${spans.join(", ")}` : "all lines run", ...(places === "" ? [] : [`branches at ${places}`])].join("; ");
}

function linesOf(file: CountedFile): Map<number, number> {
  const lines = new Map<number, number>();
  for (const [id, { start }] of Object.entries(file.statementMap))
    lines.set(start.line, Math.max(lines.get(start.line) ?? 0, file.s[id] ?? 0));
  return lines;
}
