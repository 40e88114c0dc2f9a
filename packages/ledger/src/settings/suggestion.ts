/** The accepted word that is nearest to what was typed, if one is near: at most a third of it differs. */
export function suggestion(typed: string, accepted: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1;
  for (const word of accepted) {
    if (Math.abs(word.length - typed.length) >= least) continue;
    const far = distance(typed.toLowerCase(), word.toLowerCase());
    if (far < least) [best, least] = [word, far];
  }
  return best;
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMean(typed: string, accepted: Iterable<string>): string {
  const word = suggestion(typed, accepted);
  return word === undefined ? "" : ` Did you mean "${word}"?`;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, and neighbours swapped. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, beforeLast[j - 2]! + 1);
      row.push(value);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
