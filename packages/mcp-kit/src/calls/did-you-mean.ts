/** The number of single-letter edits and neighbour swaps that turn `a` into `b` (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      row.push(best);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_.\s]/g, "");

/**
 * The accepted word that `word` was most likely meant to be, or undefined. Case, `-` and `_` do not count;
 * otherwise at most a third of the letters may differ.
 */
export function didYouMean(word: string, accepted: Iterable<string>): string | undefined {
  const wanted = plain(word.slice(0, 64));
  if (wanted === "") return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of accepted) {
    const near = plain(candidate);
    const found = near === wanted ? 0 : distance(wanted, near);
    if (
      found <= Math.max(1, Math.floor(Math.max(wanted.length, near.length) / 3)) &&
      found < Math.min(wanted.length, near.length) &&
      (!best || found < best.distance)
    ) {
      best = { word: candidate, distance: found };
    }
  }
  return best?.word;
}
