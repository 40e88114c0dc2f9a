import type { ReportNode } from "../run-contract.ts";
import type { NodeState } from "./node-state.ts";

/** When a workspace was planned and applied, in ms of workflow time. */
export interface Times {
  planned_from?: number;
  planned_to?: number;
  applied_from?: number;
  applied_to?: number;
}

/** One workspace as the report keeps it. */
export function reportNode(n: NodeState, times: Times): ReportNode {
  const { counts, plan, outputs, approval, failure, cause } = n;
  const known = Object.fromEntries(
    Object.entries({ counts, plan, outputs, approval, failure, cause }).filter(([, value]) => value !== undefined),
  );
  return { name: n.node.name, state: n.state, needs: n.node.needs, ...known, ...times };
}
