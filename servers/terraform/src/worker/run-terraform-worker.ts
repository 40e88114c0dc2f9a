import { runWorker, type WorkerPlace } from "@platform-ops/orchestration/worker";
import { terraformActivities, waitActivities } from "./activities.ts";
import { waitsQueue } from "./run-contract.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** Runs limit themselves to their own parallelism; this bounds one machine that serves many runs. */
const MAX_STEPS = 32;
/** A wait costs a timer. */
const MAX_WAITS = 1_000;

/** Polls the run queue and the waits queue, and those of builds that it takes over from, until the signal; then drains. */
export async function runTerraformWorker(deps: WorkerDeps, options: WorkerPlace): Promise<void> {
  const { target, queue, family, bundle, build, aliveFile, graceMs, signal, onReady } = options;
  const steps = terraformActivities(deps);
  const waits = waitActivities(deps);
  const queuesFor = (runs: string) => [
    { queue: runs, activities: steps, workflows: { bundle }, maxConcurrentActivities: MAX_STEPS },
    { queue: waitsQueue(runs), activities: waits, maxConcurrentActivities: MAX_WAITS, waitsOnly: true as const },
  ];
  await runWorker({
    target,
    taskQueues: queuesFor(queue),
    ...(family === undefined ? {} : { takesOver: { family, queuesFor } }),
    keys: deps.keys,
    approvals: deps.approvals,
    home: deps.directory.root,
    server: "terraform",
    build,
    aliveFile,
    graceMs,
    logger: deps.logger,
    signal,
    ...(onReady === undefined ? {} : { onReady }),
  });
}
