import { buildTaskQueue, localTaskQueue, namedTaskQueue } from "../contract/names.ts";
import type { DurableServer } from "./durable-server.ts";

/** The part of a server that its queues' names depend on. */
type Queued = Pick<DurableServer, "name" | "clusterQueue"> & {
  readonly config: { readonly settings: Pick<DurableServer["config"]["settings"], "temporal"> };
};

/**
 * The queue on which runs of a worker build begin: one per data directory and build locally, so that a build that alone can
 * carry on what it began can be kept for it (decision 14); a configured one, for all builds, in a cluster.
 */
export function runQueue(server: Queued, directoryId: string, build: string | undefined): string {
  const family = queueFamily(server, directoryId);
  if (family !== undefined) return build === undefined ? family : buildTaskQueue(family, build);
  return namedTaskQueue(server, server.config.settings.temporal.task_queue ?? server.clusterQueue);
}

/** What the queues of all builds of a data directory have in common; undefined where one queue serves all builds. */
export function queueFamily({ name, config }: Queued, directoryId: string): string | undefined {
  const { task_queue, address } = config.settings.temporal;
  return task_queue === undefined && address === undefined ? localTaskQueue(name, directoryId) : undefined;
}
