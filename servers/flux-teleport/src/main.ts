import type { StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { Surroundings } from "./config.ts";

/** Runs the bin to its exit code. */
export async function start(around: Surroundings, streams: StandardStreams): Promise<number> {
  return await (await import("./whole-start.ts")).startWhole(around, streams);
}
