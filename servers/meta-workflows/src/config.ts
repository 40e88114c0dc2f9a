import { surroundingsOf, type Surroundings } from "@platform-ops/mcp-kit/start-up";

export type { ServerConfig } from "@platform-ops/mcp-kit";
export type { Surroundings } from "@platform-ops/mcp-kit/start-up";

/** Looks around, once: nothing else takes from the process. What is found becomes settings in read-config.ts. */
export function lookAround(): Surroundings {
  return surroundingsOf(process);
}
