import type { Json, Milliseconds } from "../definition/definition.ts";
import { durationOf as readDuration, MAX_DURATION } from "../expression/duration.ts";
import { StepFailure } from "./completion.ts";

/**
 * Milliseconds of a duration as a normal form has it: a number is milliseconds, a text a duration like `15m`; where its
 * expression gave a number, that is seconds.
 *
 * @throws StepFailure bad_duration, also over a year
 */
export function durationOf(written: Milliseconds | string, filled: Json): Milliseconds {
  const ms = typeof written === "number" ? written : readDuration(filled);
  if (ms === undefined || !(ms >= 0 && ms <= MAX_DURATION))
    throw new StepFailure("bad_duration", `${JSON.stringify(filled)} is no duration like 90s, 15m, 2h or 3d of at most a year.`);
  return ms;
}
