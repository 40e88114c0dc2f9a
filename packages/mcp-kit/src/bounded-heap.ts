import { setFlagsFromString } from "node:v8";

/** A flag that V8 reads whenever it has collected, other than the bounds of a heap, which are fixed when a process starts. */
interface HeapFlag {
  readonly name: string;
  readonly value: number;
  /** What V8 has by itself. */
  readonly otherwise: number;
}

/**
 * How much garbage may pile up on what lives, in percent of it, until all of it is collected (by V8 at least 8 MB). By itself V8
 * lets a heap of our size grow to three and four times of what lives, which from outside looks like memory that is kept.
 */
const GARBAGE: HeapFlag = { name: "heap-growing-percent", value: 25, otherwise: 0 };

/**
 * By how much the space of young objects grows when it is too small: not at all. By itself it grows to 32 MB over hours of use,
 * with Node 24 to 128 MB, and never gives them back.
 */
const YOUNG: HeapFlag = { name: "semi-space-growth-factor", value: 1, otherwise: 2 };

/** Under this name the starter of the bundles (tooling/build/start.cjs) finds how to take the flags back. */
const FOR_STARTER = Symbol.for("platform-ops.heap-flags");

const FLAGS = [GARBAGE, YOUNG];

/**
 * From now on garbage is collected before it is much; the function given back undoes it. Flags are part of V8's check of a code
 * cache: whoever reads or makes one takes them back meanwhile.
 */
export function boundHeap(): () => void {
  const set = (): void => FLAGS.forEach(({ name, value }) => setFlagsFromString(`--${name}=${value}`));
  const unset = (): void => FLAGS.forEach(({ name, otherwise }) => setFlagsFromString(`--${name}=${otherwise}`));
  const global = globalThis as { [FOR_STARTER]?: object };
  global[FOR_STARTER] = { set, unset };
  set();
  return () => {
    delete global[FOR_STARTER];
    unset();
  };
}
