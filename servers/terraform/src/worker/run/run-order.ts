import type { NodeState } from "./node-state.ts";

/** In which order the workspaces of a run are planned and applied. Pure: the workflow replays it. */
export interface RunOrder {
  /** True when a workspace that waits may be planned. */
  mayPlan(nodes: readonly NodeState[], n: NodeState): boolean;
  /** True when an approved plan may be applied. */
  mayApply(nodes: readonly NodeState[], n: NodeState): boolean;
  /** Ends what cannot go on in this run any more, naming the cause. Answers those that were ended although they hold their lock. */
  settle(nodes: readonly NodeState[]): readonly NodeState[];
}
