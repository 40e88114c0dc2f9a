import type { Counts, FailureRef, RunNode, WorkspaceState } from "../run-contract.ts";

/** One workspace under way. Only the scheduler writes it. */
export interface NodeState {
  readonly index: number;
  readonly node: RunNode;
  state: WorkspaceState;
  counts?: Counts;
  kinds?: readonly string[];
  /** Artifact of the plan record that waits or was applied. */
  plan?: string;
  outputs?: string;
  /** Outputs that a plan which stays unapplied would change. Absent: nothing is known of its outputs. */
  pending?: readonly string[];
  approval?: string;
  failure?: FailureRef;
  /** The workspace because of which it was skipped, the outputs for which it was deferred, or the run that holds it. */
  cause?: string;
  replans: number;
}

/**
 * The workspace of that number.
 *
 * @throws RangeError where the run has none
 */
export function nodeAt(nodes: readonly NodeState[], index: number): NodeState {
  const n = nodes[index];
  if (n === undefined) throw new RangeError(`no workspace ${index}`);
  return n;
}
