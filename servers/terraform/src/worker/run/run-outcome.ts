import { isDone, type RunPhase, type WorkspaceState } from "../run-contract.ts";
import type { NodeState } from "./node-state.ts";

/** What a run's outcome is derived from. */
export interface EndedNode {
  readonly name: string;
  readonly state: WorkspaceState;
  readonly apply: boolean;
  readonly code?: string;
  readonly cause?: string;
}

/** A workspace as the scheduler left it. */
export function endedNode({ node, state, failure, cause }: NodeState): EndedNode {
  return {
    name: node.name,
    state,
    apply: node.apply,
    ...(failure === undefined ? {} : { code: failure.code }),
    ...(cause === undefined ? {} : { cause }),
  };
}

export type EndPhase = Extract<RunPhase, "completed" | "failed" | "rejected" | "expired" | "partial" | "cancelled">;

/** Names listed in a reason; more are counted. */
const LISTED = 8;

/**
 * How a run as a whole ended, and why in one line. `completed` only when all that was asked is done or nothing was to do:
 * a plan-only workspace whose inputs are not known yet counts as done as far as it could be asked.
 */
export function runOutcome(nodes: readonly EndedNode[], cancelled: boolean): { phase: EndPhase; reason: string } {
  const undone = nodes.filter((n) => !isDone(n.state) && !(!n.apply && (n.state === "planned" || n.state === "deferred")));
  if (undone.length === 0) return { phase: "completed", reason: summary(nodes) };
  const applied = nodes.some((n) => n.state === "applied");
  const has = (...states: WorkspaceState[]): boolean => undone.some((n) => states.includes(n.state));
  const reason = describe(undone);
  if (has("failed", "in_doubt", "partial")) return { phase: applied || has("partial", "in_doubt") ? "partial" : "failed", reason };
  if (cancelled || has("cancelled")) return { phase: "cancelled", reason };
  if (has("rejected")) return { phase: "rejected", reason };
  if (has("expired")) return { phase: "expired", reason };
  return { phase: "partial", reason };
}

function summary(nodes: readonly EndedNode[]): string {
  const count = (state: WorkspaceState): number => nodes.filter((n) => n.state === state).length;
  const parts = (["applied", "unchanged", "planned", "deferred", "checked"] as const).flatMap((state) =>
    count(state) > 0 ? [`${count(state)} ${state}`] : [],
  );
  return parts.join(", ");
}

function describe(undone: readonly EndedNode[]): string {
  const order: WorkspaceState[] = ["in_doubt", "partial", "failed", "rejected", "expired", "cancelled", "deferred", "skipped"];
  const groups = order.flatMap((state) => {
    const those = undone.filter((n) => n.state === state);
    if (those.length === 0) return [];
    const names = those
      .slice(0, LISTED)
      .map((n) => (n.code !== undefined ? `${n.name} (${n.code})` : n.cause !== undefined ? `${n.name} (because of ${n.cause})` : n.name));
    const more = those.length > LISTED ? ` and ${those.length - LISTED} more` : "";
    return [`${state}: ${names.join(", ")}${more}`];
  });
  return groups.join("; ");
}
