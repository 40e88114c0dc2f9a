import type { Keyring } from "@platform-ops/ledger";
import {
  ensureLocal,
  ensureWorkers,
  installWorkerBuild,
  isOtherTemporalThere,
  locateTemporal,
  type Orchestration,
} from "@platform-ops/orchestration";
import { join } from "node:path";
import type { ServerConfig } from "../config.ts";
import { SERVER } from "../identity.ts";
import { processEnvironment, setupNeeded } from "./local-parts.ts";
import { workerSpec } from "./worker-spec.ts";

/** A start of local Temporal over an existing database takes about a second, a worker another. */
const START_WITHIN_MS = 45_000;

/**
 * Connects to the Temporal that the settings name, or to the local one, which is started if need be; with `worker`, sees
 * to it that this server's worker lives. Installs nothing.
 * @throws OpsError setup_needed, temporal_unavailable, temporal_denied, port_taken, temporal_version, worker_unavailable
 */
export async function openOrchestration(config: ServerConfig, keys: Keyring, need: { worker: boolean }): Promise<Orchestration> {
  const { connect, connectionTarget } = await import("@platform-ops/orchestration/client");
  const { settings } = config;
  const cluster = await connectionTarget(settings.temporal, config.env);
  const keepsWorker = need.worker && settings.temporal.workers === "local";
  const workers = keepsWorker ? [await workerSpec(config)] : [];
  if (cluster !== undefined) {
    if (workers.length > 0) await ensureWorkers({ ...(await common(config)), workers });
    return await connect({ ...cluster, keys });
  }
  const binary = await locateTemporal({
    home: settings.home,
    cache: settings.cache,
    path: config.path,
    ...(settings.temporal.binary === undefined ? {} : { configured: settings.temporal.binary }),
  });
  if (binary === undefined) throw setupNeeded(config, "Temporal is not installed.");
  const local = await ensureLocal({
    ...(await common(config)),
    workers,
    temporalBinary: binary.path,
    ...(settings.temporal.port === undefined ? {} : { port: settings.temporal.port }),
  });
  const build = local.builds[SERVER];
  return await connect({
    mode: "local",
    address: local.address,
    namespace: local.namespace,
    keys,
    known: { other_on_7233: await isOtherTemporalThere(), ...(build === undefined ? {} : { build }) },
  });
}

async function common(config: ServerConfig) {
  // The copy in the data directory: a package runner may prune the original while the supervisor lives.
  const build = await installWorkerBuild({ home: config.settings.home, from: config.dist });
  return {
    home: config.settings.home,
    supervisorEntry: join(build.dir, "supervisor.cjs"),
    env: processEnvironment(config),
    idleMinutes: config.settings.temporal.idle_minutes,
    timeoutMs: START_WITHIN_MS,
  };
}
