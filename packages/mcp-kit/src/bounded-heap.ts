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

/** By how much the space of young objects grows when it is too small: to its bound (16 MB) at once, not over hours. */
const YOUNG: HeapFlag = { name: "semi-space-growth-factor", value: 16, otherwise: 2 };

/** Under this name the starter of the bundles (tooling/build/start.cjs) finds how to take the flags back. */
const FOR_STARTER = Symbol.for("platform-ops.heap-flags");

const held = new Set<HeapFlag>();

/** From now on garbage is collected before it is much; the function given back undoes it. */
export function boundHeap(): () => void {
  return hold(GARBAGE);
}

/** From now on the heap is soon as large as it will be, as befits a server of many clients; the function given back undoes it. */
export function settleHeap(): () => void {
  return hold(YOUNG);
}

/** Flags are part of V8's check of a code cache: whoever reads or makes one takes them back meanwhile. */
function hold(flag: HeapFlag): () => void {
  held.add(flag);
  const set = (): void => held.forEach(({ name, value }) => setFlagsFromString(`--${name}=${value}`));
  const unset = (): void => held.forEach(({ name, otherwise }) => setFlagsFromString(`--${name}=${otherwise}`));
  (globalThis as { [FOR_STARTER]?: object })[FOR_STARTER] = { set, unset };
  set();
  return () => {
    held.delete(flag);
    setFlagsFromString(`--${flag.name}=${flag.otherwise}`);
  };
}
