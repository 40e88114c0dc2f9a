import { isDone, isFinal, type WorkspaceState } from "../run-contract.ts";
import { nodeAt, type NodeState } from "./node-state.ts";
import type { RunOrder } from "./run-order.ts";

// The order of a run that destroys: planned like any other, what a workspace takes from others is still there then; but
// nothing is asked for before all is planned, and what others depend on is destroyed after them, or not at all.

type Nodes = readonly NodeState[];

/** What a run that destroys goes by. */
export const DESTROY_ORDER: RunOrder = {
  mayPlan: (nodes, n) => needsOf(nodes, n).every(isPlanned) && !dependentsOf(nodes, n).some(isKept),
  mayApply: (nodes, n) => dependentsOf(nodes, n).every(({ state }) => isDone(state)),
  settle(nodes) {
    const released: NodeState[] = [];
    for (let changed = true; changed;) {
      changed = false;
      for (const n of nodes) {
        const kept = isOpen(n.state) ? (dependentsOf(nodes, n).find(isKept) ?? unplannedNeed(nodes, n)) : undefined;
        if (kept === undefined) continue;
        if (n.state === "awaiting_approval" || n.state === "approved" || n.approval !== undefined) released.push(n);
        n.state = endOf(kept.state);
        n.cause = (kept.state === "skipped" || kept.state === "deferred" ? kept.cause : undefined) ?? kept.node.name;
        changed = true;
      }
    }
    return released;
  },
};

const needsOf = (nodes: Nodes, n: NodeState): NodeState[] => n.node.needs.map((i) => nodeAt(nodes, i));

const dependentsOf = (nodes: Nodes, n: NodeState): NodeState[] => nodes.filter(({ node }) => node.needs.includes(n.index));

/** Its outputs of before the destruction are known. */
function isPlanned({ state, plan }: NodeState): boolean {
  return isDone(state) || state === "planned" || plan !== undefined;
}

/** It stays in this run: what it depends on must stay with it. */
const isKept = ({ state }: NodeState): boolean => isFinal(state) && !isDone(state);

/** What it needs and what cannot be planned in this run any more. */
function unplannedNeed(nodes: Nodes, n: NodeState): NodeState | undefined {
  return n.state === "waiting" ? needsOf(nodes, n).find((need) => isFinal(need.state) && !isPlanned(need)) : undefined;
}

/** Nothing runs for it, and it can be ended without waiting for anybody. */
const isOpen = (state: WorkspaceState): boolean =>
  state === "waiting" || state === "awaiting_approval" || state === "approved" || state === "credentials";

function endOf(cause: WorkspaceState): WorkspaceState {
  if (cause === "cancelled") return "cancelled";
  return cause === "planned" || cause === "deferred" ? "deferred" : "skipped";
}
