import { join } from "node:path";
import type { Keyring } from "@platform-ops/ledger";
import type { connect, connectionTarget } from "../client.ts";
import type { Orchestration } from "../contract/orchestration.ts";
import { isOtherTemporalThere } from "../local/diagnose-temporal.ts";
import { ensureLocal, ensureWorkers } from "../local/ensure-local.ts";
import { locateTemporal } from "../setup/locate-temporal.ts";
import { installWorkerBuild } from "../setup/worker-build.ts";
import { processEnvironment, setupNeeded, type DurableServer } from "./durable-server.ts";
import type { Need } from "./keep-orchestration.ts";
import { workerSpec } from "./worker-spec.ts";

/** A start of local Temporal over an existing database takes about a second, a worker another. */
const START_WITHIN_MS = 45_000;

/** The client face, `import("@platform-ops/orchestration/client")`: given by the caller, so that it is a part of its own in a build. */
export type ClientFace = () => Promise<{ connect: typeof connect; connectionTarget: typeof connectionTarget }>;

/**
 * Connects to the Temporal that the settings name, or to the local one, which is started if need be; with `worker`, sees
 * to it that this server's worker lives. Installs nothing.
 * @throws OpsError setup_needed, temporal_unavailable, temporal_denied, port_taken, temporal_version, worker_unavailable
 */
export async function openOrchestration(server: DurableServer, client: ClientFace, keys: Keyring, need: Need): Promise<Orchestration> {
  const { connect: connectTo, connectionTarget: targetOf } = await client();
  const { settings, env, path } = server.config;
  const cluster = await targetOf(settings.temporal, env);
  const keepsWorker = need.worker && settings.temporal.workers === "local";
  const workers = keepsWorker ? [await workerSpec(server)] : [];
  if (cluster !== undefined) {
    // First, so that a cluster that does not answer, or does not know us, is told as that and not as a worker that is not ready.
    const open = await connectTo({ ...cluster, keys });
    try {
      if (workers.length > 0) await ensureWorkers({ ...(await common(server)), workers });
      return open;
    } catch (error) {
      await open.close();
      throw error;
    }
  }
  const binary = await locateTemporal({
    home: settings.home,
    cache: settings.cache,
    path,
    ...(settings.temporal.binary === undefined ? {} : { configured: settings.temporal.binary }),
  });
  if (binary === undefined) throw setupNeeded(server, "Temporal is not installed.");
  const local = await ensureLocal({
    ...(await common(server)),
    workers,
    temporalBinary: binary.path,
    ...(settings.temporal.port === undefined ? {} : { port: settings.temporal.port }),
  });
  const build = local.builds[server.name];
  return await connectTo({
    mode: "local",
    address: local.address,
    namespace: local.namespace,
    keys,
    vouched: true,
    known: { other_on_7233: await isOtherTemporalThere(), ...(build === undefined ? {} : { build }) },
  });
}

async function common(server: DurableServer) {
  const { settings, dist } = server.config;
  // The copy in the data directory: a package runner may prune the original while the supervisor lives.
  const build = await installWorkerBuild({ home: settings.home, from: dist });
  return {
    home: settings.home,
    supervisorEntry: join(build.dir, "supervisor.cjs"),
    env: processEnvironment(server),
    idleMinutes: settings.temporal.idle_minutes,
    timeoutMs: START_WITHIN_MS,
  };
}
