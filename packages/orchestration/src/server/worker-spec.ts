import { existsSync } from "node:fs";
import { join } from "node:path";
import { installWorkerBuild } from "../setup/worker-build.ts";
import type { WorkerSpec } from "../supervisor/protocol.ts";
import { processEnvironment, setupNeeded, type DurableServer } from "./durable-server.ts";

/**
 * A server's worker as the supervisor starts it: a copy of the build in the data directory, because a package runner may
 * prune the original while a run is open. Copying is all that happens here; the runtime is `setup`'s.
 * @throws OpsError setup_needed
 */
export async function workerSpec(server: DurableServer): Promise<WorkerSpec> {
  const { settings, settingsFiles: [operatorsFile] = [], dist } = server.config;
  if (!existsSync(join(dist, "worker.cjs"))) throw setupNeeded(server, "The worker is not built.");
  const build = await installWorkerBuild({ home: settings.home, from: dist });
  if (!build.ready) throw setupNeeded(server, "The worker's runtime is not installed.");
  return {
    server: server.name,
    version: build.version,
    builtAt: build.builtAt,
    ...(operatorsFile === undefined ? {} : { operatorsFile }),
    build: build.dir,
    entry: "worker.cjs",
    args: [],
    env: processEnvironment(server),
  };
}
