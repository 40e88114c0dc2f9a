import { namedTaskQueue } from "@platform-ops/orchestration";
import { DURABLE } from "../identity.ts";
import type { InfraConfig, Operation, Workspace } from "../infra/infra-config.ts";
import type { RunNode } from "../worker/run-contract.ts";

/** Direct dependencies and sources of inputs; a source may be a dependency of a dependency. */
function needsOf(workspace: Workspace): string[] {
  return [...new Set([...workspace.dependsOn, ...workspace.inputs.map((input) => input.sourceWorkspace)])];
}

/** What the workspaces of a run are made from. */
export interface NodesRequest {
  /** Everything that is defined; it gives the order between two selected workspaces with others in between. */
  readonly whole: InfraConfig;
  /** The workspaces of the run: the selected ones, and those whose last outputs they take. */
  readonly config: InfraConfig;
  readonly selected: ReadonlySet<string>;
  /** The run's own task queue. */
  readonly queue: string;
  readonly destroy: boolean;
}

/** The workspaces of a run as its workflow needs them, in the order of the configuration. */
export function runNodes({ whole, config, selected, queue, destroy }: NodesRequest): RunNode[] {
  const byName = new Map(whole.workspaces.map((workspace) => [workspace.name, workspace]));
  // Between two selected workspaces there may be one that is not: the order holds all the same.
  const above = (workspace: Workspace): Set<string> => {
    const found = new Set(needsOf(workspace));
    for (const name of found) if (!selected.has(name)) for (const need of needsOf(byName.get(name) ?? workspace)) found.add(need);
    return found;
  };
  const index = new Map(config.workspaces.map((workspace, i) => [workspace.name, i]));
  const indexes = (names: Iterable<string>): number[] => [...new Set(names)].flatMap((name) => index.get(name) ?? []).sort((a, b) => a - b);
  return config.workspaces.map((workspace) => ({
    name: workspace.name,
    needs: selected.has(workspace.name) ? indexes(above(workspace)) : [],
    uses: selected.has(workspace.name) ? indexes(workspace.inputs.map((input) => input.sourceWorkspace)) : [],
    takes: (selected.has(workspace.name) ? workspace.inputs : []).flatMap((input) =>
      indexes([input.sourceWorkspace]).map((need) => [need, input.sourceOutput] as const),
    ),
    operations: selected.has(workspace.name) ? operationsOf(workspace, destroy) : [],
    apply: selected.has(workspace.name) && workspace.operations.includes("apply"),
    ...(workspace.taskQueue === undefined || isOwnQueue(workspace.taskQueue, queue)
      ? {}
      : { queue: namedTaskQueue(DURABLE, workspace.taskQueue) }),
  }));
}

/** Whatever is asked of a workspace otherwise: where it may not be applied, it may not be destroyed either, only shown. */
function operationsOf({ operations }: Workspace, destroy: boolean): readonly Operation[] {
  if (!destroy) return operations;
  return operations.includes("apply") ? ["init", "plan", "apply"] : ["init", "plan"];
}

/** `terraform-task-queue` is the source's name for the run's own queue; without its build it is meant too. */
export function isOwnQueue(taskQueue: string | undefined, queue: string): boolean {
  if (taskQueue === undefined || taskQueue === DURABLE.clusterQueue) return true;
  return namedTaskQueue(DURABLE, taskQueue) === queue || queue.startsWith(`${taskQueue}:`);
}
