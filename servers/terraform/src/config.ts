import type { ServerConfig as AnyServerConfig } from "@platform-ops/mcp-kit";
import { surroundingsOf, type Surroundings } from "@platform-ops/mcp-kit/start-up";

export type { Surroundings } from "@platform-ops/mcp-kit/start-up";

/** What the server knows of its surroundings. */
export interface ServerConfig extends AnyServerConfig {
  /** More on stderr: TEMPORAL_DEBUG, as in the source's troubleshooting. Never passed to a worker. */
  readonly verbose: boolean;
}

/** How a supervisor, or an operator, started a worker. */
export interface WorkerLaunch {
  readonly config: ServerConfig;
  /** File in which the worker shows that it lives. */
  readonly aliveFile: string;
  /** host:port of local Temporal; undefined in a cluster. */
  readonly localTemporal: string | undefined;
  /** Kept for the runs that this build began; new runs go to a newer one. */
  readonly kept: boolean;
}

/** Looks around, once: nothing else takes from the process. What is found becomes settings in read-config.ts. */
export function lookAround(): Surroundings {
  return surroundingsOf(process);
}
