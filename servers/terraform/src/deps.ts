import { randomBytes } from "node:crypto";
import { createLogger, once, openLedger, Redactor, type Ledger, type Logger } from "@platform-ops/ledger";
import { toolsFor } from "@platform-ops/mcp-kit";
import { touchSupervisor, watchSupervisor, type Orchestration } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { assumedRoots } from "./infra/paths.ts";
import { keepOrchestration, type Need } from "./runs/keep-orchestration.ts";
import { openOrchestration } from "./runs/open-orchestration.ts";

/** What tools and subcommands work with. */
export interface TerraformDeps {
  readonly config: ServerConfig;
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
  const bySupervisor = ({ inUse }: Orchestration, need: Need): boolean =>
    inUse.mode === "local" || (need.worker && config.settings.temporal.workers === "local");
  let watch: { close(): void } | undefined;
  const kept = keepOrchestration({
    async open(need) {
      const open = await openOrchestration(config, (await ledger()).keys, need);
      logger.debug("temporal", { ...open.inUse, worker: need.worker });
      watch?.close();
      // Where everything was killed, whoever is left brings the supervisor back, and it the rest: no call has to come.
      watch = bySupervisor(open, need) ? watchSupervisor(config.settings.home, () => void bringBack(need)) : undefined;
      return open;
    },
    // One that does not answer is there; a call that needs it says so.
    isKept: async (open, need) => !bySupervisor(open, need) || (await touchSupervisor(config.settings.home).catch(() => true)),
  });
  const bringBack = async (need: Need): Promise<void> => {
    await kept.get(need).catch((error: unknown) => logger.warn("The supervisor was killed and is not back.", { error }));
  };
  return {
    config,
    redactor,
    logger,
    stateKey: randomBytes(32),
    roots:
      config.policy.roots ??
      (config.settings.terraform.roots.length > 0 ? config.settings.terraform.roots : assumedRoots(config.cwd, config.homeFolder)),
    ledger,
    orchestration: (need) => kept.get(need),
    close() {
      watch?.close();
      return kept.close();
    },
  };
}
