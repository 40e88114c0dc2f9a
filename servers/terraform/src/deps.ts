import { randomBytes } from "node:crypto";
import {
  createLogger,
  openApprovals,
  openArtifacts,
  openAudit,
  openDataDirectory,
  openKeys,
  Redactor,
  type Approvals,
  type ArtifactStore,
  type AuditLog,
  type DataDirectory,
  type Keyring,
  type Logger,
} from "@platform-ops/ledger";
import { toolsFor } from "@platform-ops/mcp-kit";
import { touchSupervisor, type Orchestration } from "@platform-ops/orchestration";
import type { ServerConfig } from "./config.ts";
import { assumedRoots } from "./infra/paths.ts";
import { keepOrchestration } from "./runs/keep-orchestration.ts";
import { openOrchestration } from "./runs/open-orchestration.ts";

/** What is kept, opened on the first call that needs it: a start touches no file. */
export interface Ledger {
  readonly directory: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditLog;
  readonly approvals: Approvals;
}

/** What tools and subcommands work with. */
export interface TerraformDeps {
  readonly config: ServerConfig;
  readonly redactor: Redactor;
  readonly logger: Logger;
  /** Key of the questions that are put to a person; a restart voids open questions. */
  readonly stateKey: Buffer;
  /** Folders in which configurations and workspaces may be. Empty where none is configured or can be assumed. */
  readonly roots: readonly string[];
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
  const ledger = once(() => openLedger(config, redactor));
  const kept = keepOrchestration({
    async open(need) {
      const open = await openOrchestration(config, (await ledger()).keys, need);
      logger.debug("temporal", { ...open.inUse, worker: need.worker });
      return open;
    },
    async isKept({ inUse }, need) {
      const bySupervisor = inUse.mode === "local" || (need.worker && config.settings.temporal.workers === "local");
      // One that does not answer is there; a call that needs it says so.
      return !bySupervisor || (await touchSupervisor(config.settings.home).catch(() => true));
    },
  });
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
    close: () => kept.close(),
  };
}

async function openLedger(config: ServerConfig, redactor: Redactor): Promise<Ledger> {
  const directory = await openDataDirectory(config.settings.home);
  const keys = await openKeys(directory);
  const artifacts = openArtifacts(directory, keys);
  const audit = openAudit(directory, redactor);
  const approvals = openApprovals({ dir: directory, keys, policy: config.policy, audit, artifacts });
  return { directory, keys, artifacts, audit, approvals };
}

/** Runs `make` at the first call; a failure is not remembered. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
