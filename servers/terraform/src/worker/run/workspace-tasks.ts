import type { ApplyTask, PlanTask } from "../activity-contract.ts";
import type { NodeState } from "./node-state.ts";
import type { RunInput } from "../run-contract.ts";

/** What the planning of a workspace is given: the outputs of those whose outputs it uses, and how it is to be planned. */
export function planTask(input: RunInput, environment: string, nodes: readonly NodeState[], n: NodeState): PlanTask {
  const { name, operations, apply, needs, uses } = n.node;
  const outputs = (uses ?? needs).flatMap((i) => {
    const upstream = nodes[i];
    return upstream?.outputs === undefined ? [] : [[upstream.node.name, upstream.outputs] as const];
  });
  return {
    config: input.config,
    requester: input.requester,
    environment,
    node: n.index,
    name,
    operations,
    apply,
    lock_timeout_seconds: input.options.lock_timeout_seconds,
    outputs: Object.fromEntries(outputs),
    ...(input.destroy === true ? { destroy: true } : {}),
  };
}

/** What the applying of a workspace is given: its plan, and the record that releases it. */
export function applyTask(input: RunInput, environment: string, n: NodeState): ApplyTask {
  return {
    config: input.config,
    environment,
    node: n.index,
    name: n.node.name,
    lock_timeout_seconds: input.options.lock_timeout_seconds,
    plan: n.plan ?? "",
    approval: n.approval ?? "",
  };
}
