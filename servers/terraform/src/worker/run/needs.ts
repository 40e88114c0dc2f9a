import { nodeAt, type NodeState } from "./node-state.ts";
import type { RunOrder } from "./run-order.ts";
import { isDone, isFinal } from "../run-contract.ts";

// What a workspace waits for: whether what it needs is there, whether it can still come in this run, and what is to blame.

/** Outputs named as the cause of a deferral; more are counted. */
const AWAITED = 5;

type Nodes = readonly NodeState[];

/** True when all that a workspace needs is done, or left as it is by a plan that stays unapplied. */
export function needsDone(nodes: Nodes, n: NodeState): boolean {
  return n.node.needs.every(
    (i) =>
      isDone(nodeAt(nodes, i).state) ||
      (nodeAt(nodes, i).state === "planned" && !defers(nodes, n, i)) ||
      (nodeAt(nodes, i).state === "deferred" && !defers(nodes, n, i)),
  );
}

/** An upstream that was not applied keeps back what must be applied after it, and what takes outputs that it would change. */
function defers(nodes: Nodes, n: NodeState, upstream: number): boolean {
  if (n.node.apply) return true;
  if (!(n.node.uses ?? n.node.needs).includes(upstream)) return false;
  const { state, pending } = nodeAt(nodes, upstream);
  return state !== "planned" || pending === undefined || n.node.takes === undefined || awaitedOutputs(nodes, n, upstream).length > 0;
}

/** `workspace.output` of what it takes from there and what would change. */
function awaitedOutputs(nodes: Nodes, n: NodeState, upstream: number): string[] {
  const { node, pending } = nodeAt(nodes, upstream);
  return (n.node.takes ?? []).flatMap(([need, output]) =>
    need === upstream && pending?.includes(output) === true ? [`${node.name}.${output}`] : [],
  );
}

/** The root of the chain is what a person has to look at, not the workspace in between. */
function causeOf(nodes: Nodes, n: NodeState, upstream: NodeState): string {
  if ((upstream.state === "skipped" || upstream.state === "deferred") && upstream.cause !== undefined) return upstream.cause;
  const awaited = [...new Set(n.node.needs.flatMap((i) => awaitedOutputs(nodes, n, i)))];
  if (upstream.state !== "planned" || awaited.length === 0) return upstream.node.name;
  return awaited.slice(0, AWAITED).join(", ") + (awaited.length > AWAITED ? ` and ${awaited.length - AWAITED} more` : "");
}

/** Marks what cannot start in this run any more, naming the cause; runs over the DAG until nothing changes. */
export function settleBlocked(nodes: Nodes): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const n of nodes) {
      if (n.state !== "waiting") continue;
      const needs = n.node.needs.map((i) => nodeAt(nodes, i));
      const failed = needs.find((u) => isFinal(u.state) && !isDone(u.state) && u.state !== "planned" && u.state !== "deferred");
      const later = failed ?? needs.find((u) => (u.state === "planned" || u.state === "deferred") && defers(nodes, n, u.index));
      if (later === undefined) continue;
      n.state = failed === undefined ? "deferred" : failed.state === "cancelled" ? "cancelled" : "skipped";
      n.cause = causeOf(nodes, n, later);
      changed = true;
    }
  }
}

/** What a run that makes and changes goes by: each workspace after all that it needs. */
export const APPLY_ORDER: RunOrder = {
  mayPlan: needsDone,
  mayApply: () => true,
  settle(nodes) {
    settleBlocked(nodes);
    return [];
  },
};
