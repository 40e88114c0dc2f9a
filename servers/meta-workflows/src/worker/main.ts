// Entry of the worker process. stdout stays empty.
import { runWorkerProcess } from "@platform-ops/orchestration/worker";
import { lookAround } from "../config.ts";
import { DURABLE } from "../identity.ts";
import { readWorkerConfig } from "../read-config.ts";
import { openExecutors } from "../executors/open-executors.ts";
import { runMetaWorkflowsWorker } from "./run-meta-workflows-worker.ts";

process.exitCode = await runWorkerProcess({
  server: DURABLE,
  launch: () => readWorkerConfig(lookAround()),
  async run(parts, place, config, redactor) {
    const deps = { ...parts, redactor };
    const executors = openExecutors(deps, config);
    try {
      await runMetaWorkflowsWorker(deps, place, executors);
    } finally {
      await executors.close();
    }
  },
});
