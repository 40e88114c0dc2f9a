import type { Orchestration } from "@platform-ops/orchestration";
import { DURABLE } from "../identity.ts";

/** Temporal's index is late by about as much; a start need not wait for it each time. */
const BELIEVED_MS = 1_000;

/** How many runs are open, as well as it is known, with those that this process has begun since it looked. */
export interface CountedRuns {
  /** How many were open before this one. */
  begin(): Promise<number>;
}

const counted = new WeakMap<Orchestration, CountedRuns>();

/** The count of one connection. */
export function countedRuns(orchestration: Orchestration): CountedRuns {
  const known = counted.get(orchestration);
  if (known !== undefined) return known;
  let looked: Promise<number> | undefined;
  let at = 0;
  let begun = 0;
  const made: CountedRuns = {
    async begin() {
      if (looked === undefined || Date.now() - at > BELIEVED_MS) {
        at = Date.now();
        begun = 0;
        looked = orchestration.countOpen({ server: DURABLE.name });
        looked.catch(() => (looked = undefined));
      }
      const before = begun;
      begun += 1;
      return (await looked) + before;
    },
  };
  counted.set(orchestration, made);
  return made;
}
