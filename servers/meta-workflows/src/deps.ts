import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createLogger, once, openLedger, Redactor, type Ledger, type Logger } from "@platform-ops/ledger";
import { toolsFor } from "@platform-ops/mcp-kit";
import { superviseOrchestration, type DurableServer, type Orchestration } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { durableServer } from "./durable-server.ts";
import type { Library } from "./library/library.ts";
import { openLibrary } from "./library/open-library.ts";

/** What tools and subcommands work with. */
export interface MetaWorkflowsDeps {
  readonly config: ServerConfig;
  /** This server as the one whose runs are durable. */
  readonly durable: DurableServer;
  readonly redactor: Redactor;
  readonly logger: Logger;
  /** Key of the questions that are put to a person; a restart voids open questions. */
  readonly stateKey: Buffer;
  /** The runbooks: those that are shipped, and those of the settings' folders. */
  readonly library: Library;
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
export const tool = toolsFor<MetaWorkflowsDeps>();

/** Builds every adapter of the server, lazily. */
export function createDeps(config: ServerConfig): MetaWorkflowsDeps {
  const redactor = new Redactor();
  const logger = createLogger({ level: config.settings.logging.level, redactor, write: (line) => void process.stderr.write(line) });
  const ledger = once(() => openLedger(config.settings.home, config.policy, redactor));
  const durable = durableServer(config);
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
    library: openLibrary({ shipped: join(config.dist, "meta-workflows"), settings: config.settings.meta_workflows, env: config.env }),
    ledger,
    orchestration: (need) => kept.get(need),
    close: () => kept.close(),
  };
}
