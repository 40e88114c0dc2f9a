const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Longest duration: a year. */
export const MAX_DURATION = 366 * 86_400_000;

/**
 * Milliseconds of a duration as people write it: `90s`, `15m`, `1h30m`, `3d`, `500ms`; a number is seconds. Undefined for anything else,
 * and for what is negative or longer than a year.
 */
export function durationOf(value: unknown): number | undefined {
  if (typeof value === "number") return inRange(value * 1_000);
  if (typeof value !== "string" || value.length > 40) return undefined;
  const text = value.trim();
  if (/^\d+(?:\.\d+)?$/u.test(text)) return inRange(Number(text) * 1_000);
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdw])\s?)+$/u.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/gu)) total += Number(amount) * (UNITS[unit] ?? 0);
  return inRange(total);
}

function inRange(milliseconds: number): number | undefined {
  const whole = Math.round(milliseconds);
  return whole >= 0 && whole <= MAX_DURATION ? whole : undefined;
}
