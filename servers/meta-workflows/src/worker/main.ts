// Entry of the worker process. stdout stays empty.
import { runWorkerProcess } from "@platform-ops/orchestration/worker";
import { lookAround } from "../config.ts";
import { DURABLE } from "../identity.ts";
import { readWorkerConfig } from "../read-config.ts";
import { unbound } from "./call-server.ts";
import { runMetaWorkflowsWorker } from "./run-meta-workflows-worker.ts";

process.exitCode = await runWorkerProcess({
  server: DURABLE,
  launch: () => readWorkerConfig(lookAround()),
  run: (parts, place, _config, redactor) => runMetaWorkflowsWorker({ ...parts, redactor }, place, unbound),
});
