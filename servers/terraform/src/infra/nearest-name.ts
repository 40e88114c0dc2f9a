/** Letters and digits only, lower case: `depends_on`, `DependsOn` and `dependsOn` become one. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Number of single-character edits (insert, delete, replace, swap of neighbours) between two words of at most 64 characters. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = best;
    }
  }
  return rows[a.length]![b.length]!;
}

/** The accepted name that was probably meant, or undefined where none is near (more than a third of the letters differ; of a short name, any). */
export function nearestName(written: string, accepted: Iterable<string>): string | undefined {
  const word = bare(written.slice(0, 64));
  let best: { name: string; distance: number } | undefined;
  for (const name of accepted) {
    const candidate = bare(name.slice(0, 64));
    const distance = candidate === word ? 0 : editDistance(word, candidate);
    if (distance <= Math.floor(Math.max(candidate.length, word.length) / 3) && (best === undefined || distance < best.distance))
      best = { name, distance };
  }
  return best?.name;
}
