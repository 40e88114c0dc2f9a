import { cleanText, oneLine } from "../registry/plain-text.ts";

/** A text on one line without hidden characters, cut at `limit` characters (an ellipsis is the last one then). */
export function plainLine(text: string, limit: number): string {
  const line = oneLine(cleanText(text.slice(0, limit * 8)).text);
  const characters = [...line];
  return characters.length <= limit
    ? line
    : `${characters
        .slice(0, limit - 1)
        .join("")
        .trimEnd()}…`;
}

/** Milliseconds as people write them: `90s`, `15m`, `2h`, `3d`. */
export function duration(ms: number): string {
  const units: readonly [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "m"],
    [1_000, "s"],
  ];
  for (const [size, unit] of units) if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return ms >= 1_000 ? `${Math.round(ms / 1_000)}s` : `${ms}ms`;
}

/** A step's or definition's id as words, for where it has no title. */
export function wordsOf(id: string): string {
  const words = id.replaceAll(/[-_:]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
