/** What of something was run by tests. */
export interface Count {
  readonly total: number;
  readonly covered: number;
}

/** The summary of one file, as istanbul's reporter `json-summary` writes it. */
export interface FileSummary {
  readonly lines: Count;
  readonly branches: Count;
}

/** A package or a server. */
export interface MemberCoverage {
  readonly member: string;
  /** In percent, rounded down: 79.99 is not 80. */
  readonly lines: number;
  readonly branches: number;
  /** The files in which most lines are not run, by their path in the member. */
  readonly weakest: readonly { readonly file: string; readonly missing: number }[];
}

/** Of each package and server at least so much is run by tests, in percent. */
export const LEAST = 80;

/** Sums the files of a summary up by the package or server in which they lie. `root` ends without a slash. */
export function byMember(root: string, summary: Readonly<Record<string, FileSummary>>): MemberCoverage[] {
  const members = new Map<string, [string, FileSummary][]>();
  for (const [path, counts] of Object.entries(summary)) {
    const [, member, file] = /^((?:packages|servers)\/[^/]+)\/src\/(.+)$/.exec(path.replace(`${root}/`, "")) ?? [];
    if (member === undefined || file === undefined) continue;
    members.set(member, [...(members.get(member) ?? []), [file, counts]]);
  }
  return [...members]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([member, files]) => ({
      member,
      lines: percent(files.map(([, { lines }]) => lines)),
      branches: percent(files.map(([, { branches }]) => branches)),
      weakest: files
        .map(([file, { lines }]) => ({ file, missing: lines.total - lines.covered }))
        .filter(({ missing }) => missing > 0)
        .sort((a, b) => b.missing - a.missing)
        .slice(0, 5),
    }));
}

/** What is below the gate, each with the files that would help most. */
export function belowGate(members: readonly MemberCoverage[]): string[] {
  return members
    .filter(({ lines, branches }) => lines < LEAST || branches < LEAST)
    .map(({ member, lines, branches, weakest }) => {
      const where = weakest.map(({ file, missing }) => `${file} (${missing} lines)`).join(", ");
      return `${member}: ${lines} % of lines, ${branches} % of branches; most is missing in ${where}`;
    });
}

function percent(counts: readonly Count[]): number {
  const sum = (of: (count: Count) => number): number => counts.reduce((before, count) => before + of(count), 0);
  const total = sum((count) => count.total);
  return total === 0 ? 100 : Math.floor((sum((count) => count.covered) * 10_000) / total) / 100;
}
