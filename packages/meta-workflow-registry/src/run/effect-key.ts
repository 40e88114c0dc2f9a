import { sha256Hex } from "../expression/index.ts";

/** `mw-<run>-<hash>`: the same for each try of a step, so that what was done outside can be found again. */
export function effectKey(run_id: string, path: string): string {
  return `mw-${run_id}-${sha256Hex(path).slice(0, 16)}`;
}
