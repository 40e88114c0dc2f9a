import { randomBytes } from "node:crypto";
import { createLogger, lazyPart, once, openLedger, Redactor, type Ledger, type Logger } from "@platform-ops/ledger";
import type { ServerConfig } from "./server-config.ts";
import type { ServerDefinition } from "./server-definition.ts";

/** What tools and subcommands of every server work with; a server adds its own adapters. */
export interface ServerDeps {
  readonly config: ServerConfig;
  readonly redactor: Redactor;
  readonly logger: Logger;
  /** Key of the questions that are put to a person; a restart voids open questions. */
  readonly stateKey: Buffer;
  /** What is kept, opened on the first call that needs it: a start touches no file. */
  ledger(): Promise<Ledger>;
}

/** Builds what every server works with; nothing is opened yet. */
export function serverDeps(config: ServerConfig): ServerDeps {
  const redactor = new Redactor();
  return {
    config,
    redactor,
    logger: createLogger({ level: config.settings.logging.level, redactor, write: (line) => void process.stderr.write(line) }),
    stateKey: randomBytes(32),
    ledger: once(() => openLedger(config.settings.home, config.policy, redactor)),
  };
}

/** What a definition takes from its server's dependencies: what is offered by the settings, how it is masked and recorded. */
export function definitionOf<D extends ServerDeps>(
  deps: D,
): Pick<ServerDefinition<D>, "deps" | "toolsets" | "readOnly" | "redactor" | "audit" | "logger" | "user" | "stateKey"> {
  const { config, redactor, logger, stateKey, ledger } = deps;
  const { policy, settings, user } = config;
  return {
    deps,
    toolsets: policy.toolsets ?? settings.toolsets,
    readOnly: policy.read_only || settings.read_only,
    redactor,
    audit: lazyPart(ledger, "audit"),
    logger,
    user,
    stateKey,
  };
}
