import { readServerConfig, type ServerConfig } from "@platform-ops/mcp-kit";
import type { Surroundings } from "@platform-ops/mcp-kit/start-up";
import { IDENTITY } from "./identity.ts";

/**
 * Reads flags, environment and files. All problems are reported at once.
 * @throws OpsError settings_invalid
 */
export function readConfig(around: Surroundings): ServerConfig {
  return readServerConfig(around, IDENTITY);
}
