import type { Json } from "../../definition/definition.ts";
import type { Completion } from "../completion.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";

// What ends a step of which several parts go on at once. It is kept: where the run is carried on while the other parts come to
// their ends, none of them may go on as if nothing had happened.

/** Keeps what ends the step; cancelling the other parts is the caller's. */
export function stop(walk: Walk, { path, scope }: Here, stopped: { by?: Completion }, by: Completion): void {
  stopped.by = by;
  // A step that was cancelled with all around it is ended by that.
  if (by.kind !== "cancelled" && !scope.cancelled) walk.journal.marks[keyOf(path)] = by as unknown as Json;
}

/** What ended it before the run was carried on. */
export function stoppedBefore(walk: Walk, { path }: Here): { by?: Completion } {
  const by = walk.journal.marks[keyOf(path)] as unknown as Completion | undefined;
  return by === undefined ? {} : { by };
}

const keyOf = (path: string): string => `${path}#stopped`;
