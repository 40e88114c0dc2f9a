import { serverDeps, toolsFor, type ServerDeps } from "@platform-ops/mcp-kit";
import { superviseOrchestration, type DurableServer, type Orchestration } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { DURABLE } from "./identity.ts";
import { assumedRoots } from "./infra/paths.ts";

/** What tools and subcommands work with. */
export interface TerraformDeps extends ServerDeps {
  /** This server as the one whose runs are durable. */
  readonly durable: DurableServer;
  /** Folders in which configurations and workspaces may be. Empty where none is configured or can be assumed. */
  readonly roots: readonly string[];
  /**
   * Temporal, connected. `worker: true` also sees to it that a worker lives; reading needs none.
   * @throws OpsError setup_needed, temporal_unavailable, …
   */
  orchestration(need: { worker: boolean }): Promise<Orchestration>;
  close(): Promise<void>;
}

/** The definer of this server's tools. */
export const tool = toolsFor<TerraformDeps>();

/** Builds every adapter of the server, lazily. */
export function createDeps(config: ServerConfig): TerraformDeps {
  const own = serverDeps(config);
  const durable = { ...DURABLE, config };
  const kept = superviseOrchestration({
    server: durable,
    client: () => import("@platform-ops/orchestration/client"),
    logger: own.logger,
    keys: async () => (await own.ledger()).keys,
  });
  return {
    ...own,
    durable,
    roots:
      config.policy.roots ??
      (config.settings.terraform.roots.length > 0 ? config.settings.terraform.roots : assumedRoots(config.cwd, config.homeFolder)),
    orchestration: (need) => kept.get(need),
    close: () => kept.close(),
  };
}
