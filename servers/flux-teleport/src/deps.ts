import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createLogger, once, openLedger, Redactor, type Ledger, type Logger } from "@platform-ops/ledger";
import { toolsFor } from "@platform-ops/mcp-kit";
import type { Remote, Surroundings, Tsh } from "@platform-ops/remote-command";
import type { ServerConfig } from "./config.ts";

/** What tools and subcommands work with. */
export interface FluxTeleportDeps {
  readonly config: ServerConfig;
  readonly redactor: Redactor;
  readonly logger: Logger;
  /** Key of the questions that are put to a person; a restart voids open questions. */
  readonly stateKey: Buffer;
  /** What is kept, opened on the first call that needs it: a start touches no file. */
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
    ledger: once(() => openLedger(config.settings.home, config.policy, redactor)),
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
