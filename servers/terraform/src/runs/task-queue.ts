import { localTaskQueue } from "@platform-ops/orchestration";
import type { ServerConfig } from "../config.ts";
import { SERVER } from "../identity.ts";

/** The queue of the source document, used where a cluster is configured and no other name is. */
export const CLUSTER_QUEUE = "terraform-task-queue";

/** The queue that this server's worker polls: one of its own per data directory locally, a configured one in a cluster. */
export function runQueue(config: ServerConfig, directoryId: string): string {
  const { temporal } = config.settings;
  if (temporal.task_queue !== undefined) return temporal.task_queue;
  return temporal.address === undefined ? localTaskQueue(SERVER, directoryId) : CLUSTER_QUEUE;
}
