// Entry of the worker process. stdout stays empty.
import { runWorkerProcess } from "@platform-ops/orchestration/worker";
import { lookAround } from "../config.ts";
import { DURABLE } from "../identity.ts";
import { readWorkerConfig } from "../read-config.ts";
import { runTerraformWorker } from "./run-terraform-worker.ts";
import { sweepNowAndThen } from "./sweep.ts";

process.exitCode = await runWorkerProcess({
  server: DURABLE,
  launch: () => readWorkerConfig(lookAround()),
  run(deps, place) {
    sweepNowAndThen(deps);
    return runTerraformWorker(deps, place);
  },
});
