import { readServerConfig } from "@platform-ops/mcp-kit";
import { readWorkerLaunch } from "@platform-ops/orchestration";
import type { WorkerLaunch } from "@platform-ops/orchestration/worker";
import type { ServerConfig, Surroundings } from "./config.ts";
import { IDENTITY } from "./identity.ts";

/**
 * Reads flags, environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readConfig(around: Surroundings): ServerConfig {
  return readServerConfig(around, IDENTITY);
}

/**
 * The same for a worker process, with what the supervisor added to its arguments.
 * @throws OpsError settings_invalid
 */
export function readWorkerConfig(around: Surroundings): WorkerLaunch<ServerConfig> {
  const { aliveFile, localTemporal, kept, rest } = readWorkerLaunch(around.argv);
  const config = readServerConfig(around, IDENTITY, rest);
  return { config, aliveFile, localTemporal, kept };
}
