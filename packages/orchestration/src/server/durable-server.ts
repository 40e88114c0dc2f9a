import { isAbsolute } from "node:path";
import { OpsError } from "@platform-ops/errors";
import { defaultConfigFile, type Settings } from "@platform-ops/ledger";

/** What durable runs need to know of the server that starts them: a part of what every server knows of its surroundings. */
export interface ServerSurroundings {
  readonly settings: Pick<Settings, "home" | "cache" | "temporal"> & Partial<Pick<Settings, "configFile">>;
  /** Where the operator's file is looked for, then the system's. */
  readonly settingsFiles?: readonly string[];
  /** All variables; only allow-listed ones ever leave this object. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The PATH in which programs are looked up. */
  readonly path: string;
  /** Folder of the built files. */
  readonly dist: string;
  /** How to start this program again in a shell. */
  readonly startedAs: string;
}

/** A server with durable work. */
export interface DurableServer {
  /** Name of its queues and of its worker's builds. */
  readonly name: string;
  readonly config: ServerSurroundings;
  /** Queue in a cluster for which no other is configured. */
  readonly clusterQueue: string;
  /** Variables that narrow what one client may do, besides those that every server has: no business of the worker's. */
  readonly ofOneClient?: readonly string[];
  /** Names of further variables that its worker gets; a last `*` stands for any ending. */
  readonly passed?: readonly string[];
}

/** What one client narrows is its own, as is where one server listens: the supervisor and the worker serve them all. */
const OF_ONE_CLIENT = ["PLATFORM_OPS_READ_ONLY", "PLATFORM_OPS_TOOLSETS", "PLATFORM_OPS_HTTP_PORT"];
const PASSED =
  /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|USER|LOGNAME|XDG_.*|PLATFORM_OPS_.*|TEMPORAL_.*|LOG_LEVEL|SSL_CERT_.*|NODE_EXTRA_CA_CERTS)$/;

/**
 * Variables of the supervisor and its children: what a process needs, and where our settings are. Never TEMPORAL_DEBUG, nor
 * what one client narrows.
 */
export function processEnvironment({ config, ofOneClient = [], passed = [] }: DurableServer): Record<string, string> {
  const kept = Object.entries(config.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      entry[0] !== "TEMPORAL_DEBUG" &&
      !OF_ONE_CLIENT.includes(entry[0]) &&
      !ofOneClient.includes(entry[0]) &&
      (PASSED.test(entry[0]) || passed.some((name) => isNamed(entry[0], name))),
  );
  const { home, configFile } = config.settings;
  // Named by a flag, or by a path that is relative to the client's folder: the worker must decide by the same one.
  const isElsewhere =
    configFile !== undefined && (!isAbsolute(config.env["HOME"] ?? "") || configFile !== defaultConfigFile(process.platform, config.env));
  return { ...Object.fromEntries(kept), PLATFORM_OPS_HOME: home, ...(isElsewhere ? { PLATFORM_OPS_CONFIG: configFile } : {}) };
}

function isNamed(variable: string, name: string): boolean {
  return name.endsWith("*") ? variable.startsWith(name.slice(0, -1)) : variable === name;
}

/** What a tool call answers when a part is missing: the one command that brings it. */
export function setupNeeded({ config }: DurableServer, what: string): OpsError {
  return new OpsError("setup_needed", what, {
    hint: `Run this once in a terminal, then call again: ${config.startedAs} setup`,
    details: { command: `${config.startedAs} setup` },
  });
}
