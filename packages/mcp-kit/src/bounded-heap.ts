import { setFlagsFromString } from "node:v8";

/**
 * How much garbage may pile up on what lives, in percent of it, until all of it is collected (by V8 at least 8 MB). By itself V8
 * lets a heap of our size grow to three and four times of what lives, which from outside looks like memory that is kept.
 */
const GROWTH_PERCENT = 25;

/** Under this name the starter of the bundles (tooling/build/start.cjs) finds how to take the flag back. */
const FOR_STARTER = Symbol.for("platform-ops.heap-flag");

/**
 * From now on garbage is collected before it is much; the function given back undoes it. V8 reads the flag after each collection,
 * other than the bounds of a heap, which are fixed when a process starts. Flags are part of V8's check of a code cache: whoever reads
 * or makes one takes this back meanwhile.
 */
export function boundHeap(): () => void {
  const flag = {
    set: (): void => setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`),
    unset: (): void => setFlagsFromString("--heap-growing-percent=0"),
  };
  const starter = globalThis as { [FOR_STARTER]?: typeof flag };
  flag.set();
  starter[FOR_STARTER] = flag;
  return () => {
    delete starter[FOR_STARTER];
    flag.unset();
  };
}
