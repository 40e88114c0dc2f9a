import type { ServerConfig as AnyServerConfig } from "@platform-ops/mcp-kit";
import { surroundingsOf, type Surroundings } from "@platform-ops/mcp-kit/start-up";

export type { Surroundings } from "@platform-ops/mcp-kit/start-up";

/** What the server knows of its surroundings. */
export interface ServerConfig extends AnyServerConfig {
  /** More on stderr: TEMPORAL_DEBUG, as in the source's troubleshooting. Never passed to a worker. */
  readonly verbose: boolean;
}

/** Looks around, once: nothing else takes from the process. What is found becomes settings in read-config.ts. */
export function lookAround(): Surroundings {
  return surroundingsOf(process);
}
