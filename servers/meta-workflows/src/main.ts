import { startServer, type StandardStreams, type Surroundings } from "@platform-ops/mcp-kit/start-up";
import { IDENTITY } from "./identity.ts";

/** Runs the bin to its exit code. */
export function start(around: Surroundings, streams: StandardStreams): Promise<number> {
  return startServer(around, streams, {
    identity: IDENTITY,
    folder: import.meta.dirname,
    settings: () => import("./read-config.ts"),
    whole: () => import("./whole-start.ts"),
  });
}
