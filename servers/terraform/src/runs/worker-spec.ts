import { existsSync } from "node:fs";
import { join } from "node:path";
import { installWorkerBuild, type WorkerSpec } from "@platform-ops/orchestration";
import type { ServerConfig } from "../config.ts";
import { SERVER } from "../identity.ts";
import { processEnvironment, setupNeeded } from "./local-parts.ts";

/**
 * This server's worker as the supervisor starts it: a copy of the build in the data directory, because a package runner
 * may prune the original while a run is open. Copying is all that happens here; the runtime is `setup`'s.
 * @throws OpsError setup_needed
 */
export async function workerSpec(config: ServerConfig): Promise<WorkerSpec> {
  const { home } = config.settings;
  if (!existsSync(join(config.dist, "worker.cjs"))) throw setupNeeded(config, "The worker is not built.");
  const build = await installWorkerBuild({ home, from: config.dist });
  if (!build.ready) throw setupNeeded(config, "The worker's runtime is not installed.");
  return {
    server: SERVER,
    version: build.version,
    builtAt: build.builtAt,
    build: build.dir,
    entry: "worker.cjs",
    args: [],
    env: processEnvironment(config),
  };
}
