import { randomBytes } from "node:crypto";
import { createLogger, once, openLedger, Redactor, type Ledger, type Logger } from "@platform-ops/ledger";
import { toolsFor } from "@platform-ops/mcp-kit";
import { superviseOrchestration, type DurableServer, type Orchestration } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { DURABLE } from "./identity.ts";
import { assumedRoots } from "./infra/paths.ts";

/** What tools and subcommands work with. */
export interface TerraformDeps {
  readonly config: ServerConfig;
  /** This server as the one whose runs are durable. */
  readonly durable: DurableServer;
  readonly redactor: Redactor;
  readonly logger: Logger;
  /** Key of the questions that are put to a person; a restart voids open questions. */
  readonly stateKey: Buffer;
  /** Folders in which configurations and workspaces may be. Empty where none is configured or can be assumed. */
  readonly roots: readonly string[];
  /** What is kept, opened on the first call that needs it: a start touches no file. */
  ledger(): Promise<Ledger>;
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
  const redactor = new Redactor();
  const logger = createLogger({ level: config.settings.logging.level, redactor, write: (line) => void process.stderr.write(line) });
  const ledger = once(() => openLedger(config.settings.home, config.policy, redactor));
  const durable = { ...DURABLE, config };
  const kept = superviseOrchestration({
    server: durable,
    client: () => import("@platform-ops/orchestration/client"),
    logger,
    keys: async () => (await ledger()).keys,
  });
  return {
    config,
    durable,
    redactor,
    logger,
    stateKey: randomBytes(32),
    roots:
      config.policy.roots ??
      (config.settings.terraform.roots.length > 0 ? config.settings.terraform.roots : assumedRoots(config.cwd, config.homeFolder)),
    ledger,
    orchestration: (need) => kept.get(need),
    close: () => kept.close(),
  };
}
