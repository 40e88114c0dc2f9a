import { runWorker, type WorkerPlace } from "@platform-ops/orchestration/worker";
import { DURABLE } from "../identity.ts";
import { metaWorkflowActivities } from "./activities.ts";
import type { Executors } from "../executors/create-executors.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Programs and calls of one machine at once. */
const MAX_CALLS = 32;

/** Polls the run queue, and those of builds that it takes over from, until the signal; then drains. */
export async function runMetaWorkflowsWorker(deps: WorkerDeps, place: WorkerPlace, executors: Executors): Promise<void> {
  const { queue, family, bundle, ...where } = place;
  const activities = metaWorkflowActivities(deps, executors);
  const queuesFor = (runs: string) => [{ queue: runs, activities, workflows: { bundle }, maxConcurrentActivities: MAX_CALLS }];
  await runWorker({
    ...where,
    taskQueues: queuesFor(queue),
    ...(family === undefined ? {} : { takesOver: { family, queuesFor } }),
    keys: deps.keys,
    approvals: deps.approvals,
    home: deps.directory.root,
    server: DURABLE.name,
    logger: deps.logger,
  });
}
