import { randomBytes } from "node:crypto";
import { join } from "node:path";
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
import type { Remote, Surroundings, Tsh } from "@platform-ops/remote-command";
import type { ServerConfig } from "./config.ts";

/** What is kept, opened on the first call that needs it: a start touches no file. */
export interface Ledger {
  readonly directory: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly audit: AuditLog;
  readonly approvals: Approvals;
}

/** What tools and subcommands work with. */
export interface FluxTeleportDeps {
  readonly config: ServerConfig;
  readonly redactor: Redactor;
  readonly logger: Logger;
  /** Key of the questions that are put to a person; a restart voids open questions. */
  readonly stateKey: Buffer;
  ledger(): Promise<Ledger>;
  /** The door to the machines. Loads its transports with the first command. */
  remote(): Promise<Remote>;
  /** The tsh program, for what is asked of Teleport itself. */
  tsh(): Promise<Tsh>;
  close(): Promise<void>;
}

/** The definer of this server's tools. */
export const tool = toolsFor<FluxTeleportDeps>();

/** Builds every adapter of the server, lazily. */
export function createDeps(config: ServerConfig): FluxTeleportDeps {
  const redactor = new Redactor();
  const logger = createLogger({ level: config.settings.logging.level, redactor, write: (line) => void process.stderr.write(line) });
  let opened: Promise<Remote> | undefined;
  const surroundings: Surroundings = {
    env: config.env,
    home: config.homeFolder,
    platform: config.platform,
    runtimeFolder: join(config.settings.home, "sockets"),
  };
  const remote = once(async () => {
    const { openRemote } = await import("@platform-ops/remote-command");
    return openRemote({ settings: config.settings.remote, policy: config.policy, surroundings });
  });
  return {
    config,
    redactor,
    logger,
    stateKey: randomBytes(32),
    ledger: once(() => openLedger(config, redactor)),
    remote: () => (opened = remote()),
    tsh: once(async () => {
      const { openTsh } = await import("@platform-ops/remote-command");
      return openTsh(config.settings.remote, surroundings);
    }),
    async close() {
      await opened?.then((open) => open.close()).catch(() => undefined);
    },
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
