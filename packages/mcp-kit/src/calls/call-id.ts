import { randomFillSync } from "node:crypto";
import { ulid } from "ulid";

const pool = new Uint8Array(4096);
let used = pool.length;

/** Random numbers of 8 bits from a pool that is filled at once: left to itself, ulid asks the system for each of 16 characters. */
function random(): number {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  return pool[used++]! / 256;
}

/** The id of a call: `call_` and a ULID, so that ids sort by time. */
export function newCallId(): string {
  return `call_${ulid(undefined, random)}`;
}
