import { join } from "node:path";
import { serverDeps, toolsFor, type ServerDeps } from "@platform-ops/mcp-kit";
import { superviseOrchestration, type DurableServer, type Orchestration } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { durableServer } from "./durable-server.ts";
import type { Library } from "./library/library.ts";
import { openLibrary } from "./library/open-library.ts";

/** What tools and subcommands work with. */
export interface MetaWorkflowsDeps extends ServerDeps {
  /** This server as the one whose runs are durable. */
  readonly durable: DurableServer;
  /** The runbooks: those that are shipped, and those of the settings' folders. */
  readonly library: Library;
  /**
   * Temporal, connected. `worker: true` also sees to it that a worker lives; reading needs none.
   * @throws OpsError setup_needed, temporal_unavailable, …
   */
  orchestration(need: { worker: boolean }): Promise<Orchestration>;
  close(): Promise<void>;
}

/** The definer of this server's tools. */
export const tool = toolsFor<MetaWorkflowsDeps>();

/** Builds every adapter of the server, lazily. */
export function createDeps(config: ServerConfig): MetaWorkflowsDeps {
  const own = serverDeps(config);
  const durable = durableServer(config);
  const kept = superviseOrchestration({
    server: durable,
    client: () => import("@platform-ops/orchestration/client"),
    logger: own.logger,
    keys: async () => (await own.ledger()).keys,
  });
  return {
    ...own,
    durable,
    library: openLibrary({ shipped: join(config.dist, "meta-workflows"), settings: config.settings.meta_workflows, env: config.env }),
    orchestration: (need) => kept.get(need),
    close: () => kept.close(),
  };
}
