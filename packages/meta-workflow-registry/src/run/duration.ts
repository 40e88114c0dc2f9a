import type { Json, Milliseconds } from "../definition/definition.ts";
import { StepFailure } from "./completion.ts";

const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const FORM = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/;
const LONGEST = 366 * 86_400_000;

/**
 * Milliseconds of `90s`, `15m`, `2h`, `3d`, or of a number that says them already.
 *
 * @throws StepFailure bad_duration, also over a year
 */
export function durationOf(value: Json): Milliseconds {
  const match = typeof value === "string" ? FORM.exec(value.trim()) : null;
  const ms = typeof value === "number" ? value : match === null ? Number.NaN : Math.round(Number(match[1]) * UNITS[match[2]!]!);
  if (!Number.isFinite(ms) || ms < 0 || ms > LONGEST)
    throw new StepFailure("bad_duration", `${JSON.stringify(value)} is no duration like 90s, 15m, 2h or 3d of at most a year.`);
  return ms;
}
