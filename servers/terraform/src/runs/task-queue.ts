import { buildTaskQueue, localTaskQueue } from "@platform-ops/orchestration";
import type { ServerConfig } from "../config.ts";
import { SERVER } from "../identity.ts";

/** The queue of the source document, used where a cluster is configured and no other name is. */
export const CLUSTER_QUEUE = "terraform-task-queue";

/**
 * The queue on which runs of a worker build begin: one per data directory and build locally, so that a build that alone can
 * carry on what it began can be kept for it (decision 14); a configured one, for all builds, in a cluster.
 */
export function runQueue(config: ServerConfig, directoryId: string, build: string | undefined): string {
  const family = queueFamily(config, directoryId);
  if (family !== undefined) return build === undefined ? family : buildTaskQueue(family, build);
  return config.settings.temporal.task_queue ?? CLUSTER_QUEUE;
}

/** What the queues of all builds of a data directory have in common; undefined where one queue serves all builds. */
export function queueFamily(config: ServerConfig, directoryId: string): string | undefined {
  const { task_queue, address } = config.settings.temporal;
  return task_queue === undefined && address === undefined ? localTaskQueue(SERVER, directoryId) : undefined;
}
