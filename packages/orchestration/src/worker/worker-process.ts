// A worker process from its settings to its exit code; what it carries out is its server's. stdout stays empty.
import { rmSync, writeSync } from "node:fs";
import { basename, join } from "node:path";
import { isOpsError, OpsError } from "@platform-ops/errors";
import {
  createLogger,
  openApprovals,
  openArtifacts,
  openAudit,
  openDataDirectory,
  openKeys,
  Redactor,
  watchSettings,
  type Approvals,
  type ArtifactStore,
  type AuditLog,
  type DataDirectory,
  type Keyring,
  type Logger,
  type Policy,
  type Settings,
} from "@platform-ops/ledger";
import { connectionTarget } from "../client/connection-settings.ts";
import type { ConnectionTarget } from "../client/connection-target.ts";
import { queueFamily, runQueue } from "../server/run-queue.ts";
import { foregroundAliveFile, sweepAliveFiles } from "./foreground-alive-file.ts";

/** A local Temporal always has this namespace. */
const LOCAL_NAMESPACE = "default";

/** Variables of the operator's notify command; credentials of runs are none of its business. */
const NOTIFY_VARIABLES = /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|USER|LOGNAME|HTTPS?_PROXY|NO_PROXY|SSL_CERT_.*)$/i;

/** What a worker knows of its settings: a part of what every server knows. */
export interface WorkerSettings {
  readonly settings: Pick<Settings, "home" | "logging" | "temporal">;
  readonly policy: Policy;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly dist: string;
  readonly settingsFiles: readonly string[];
}

/** How a supervisor, or an operator, started a worker. */
export interface WorkerLaunch<C extends WorkerSettings = WorkerSettings> {
  readonly config: C;
  /** File in which the worker shows its supervisor that it lives; undefined: an operator started it. */
  readonly aliveFile: string | undefined;
  /** host:port of local Temporal; undefined in a cluster. */
  readonly localTemporal: string | undefined;
  /** Kept for the runs that this build began; new runs go to a newer one. */
  readonly kept: boolean;
}

/** What activities work with; built once by the worker's entry. */
export interface WorkerParts {
  readonly directory: DataDirectory;
  readonly keys: Keyring;
  readonly artifacts: ArtifactStore;
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  /** The worker's own policy decides, whatever the client that started the run believes. */
  readonly policy: Policy;
  /** Where the worker looks for the operator's file, whether there is one or not. */
  readonly operatorsFile?: string;
  readonly logger: Logger;
  /** Environment of the operator's notify command. */
  readonly notifyEnvironment: Readonly<Record<string, string>>;
}

/** Where a worker process works, and until when. */
export interface WorkerPlace {
  readonly target: ConnectionTarget;
  readonly queue: string;
  /** What the queues of all builds have in common; absent: runs of other builds are left alone. */
  readonly family?: string;
  /** The workflow bundle's path. */
  readonly bundle: string;
  readonly build: string;
  readonly aliveFile: string;
  /** How long a drain waits for steps to end by themselves before it hands them over, in milliseconds. */
  readonly graceMs: number;
  /** Abort = drain. */
  readonly signal: AbortSignal;
  readonly onReady?: () => void;
}

/** A worker process of one server. */
export interface WorkerProcess<C extends WorkerSettings> {
  /** The server's name, and its queue in a cluster for which no other is configured. */
  readonly server: { readonly name: string; readonly clusterQueue: string };
  /** Reads the settings. Throws OpsError settings_invalid. */
  launch(): WorkerLaunch<C>;
  /** Polls until the signal, then drains. */
  run(parts: WorkerParts, place: WorkerPlace, config: C, redactor: Redactor): Promise<void>;
}

/** Runs a worker to its exit code: settings → connection → polling, until SIGTERM or until its settings change. */
export async function runWorkerProcess<C extends WorkerSettings>({ server, launch, run }: WorkerProcess<C>): Promise<number> {
  // What runs hold is for the owner alone: so is whatever this process and its children make.
  process.umask(0o077);
  const redactor = new Redactor();
  const logger = createLogger({ level: "info", redactor, write: logLine });
  let ownFile: string | undefined;
  try {
    const { config, aliveFile, localTemporal, kept } = launch();
    const parts = await openParts(config, redactor);
    const stop = new AbortController();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
    // The id too: a worker whose data directory was removed has nothing left to do.
    watchSettings([...config.settingsFiles, parts.directory.path("id")], (file) => {
      parts.logger.info("settings changed; the worker ends so that its successor reads them", { file });
      stop.abort();
    });
    const shown = aliveFile ?? (ownFile = foregroundAliveFile(config.settings.home, process.pid));
    if (ownFile !== undefined) sweepAliveFiles(config.settings.home);
    const build = basename(config.dist);
    const queued = { ...server, config };
    const family = localTemporal === undefined ? undefined : queueFamily(queued, parts.directory.id);
    const place: WorkerPlace = {
      target: await targetOf(config, localTemporal),
      queue: runQueue(queued, parts.directory.id, localTemporal === undefined ? undefined : build),
      ...(family === undefined || kept ? {} : { family }),
      bundle: join(config.dist, "workflow-bundle.js"),
      build,
      aliveFile: shown,
      // On this machine programs outlive their worker, and the supervisor does not wait long.
      graceMs: localTemporal === undefined ? config.settings.temporal.worker_grace_seconds * 1_000 : 0,
      signal: stop.signal,
    };
    await run(parts, place, config, redactor);
    return 0;
  } catch (error) {
    logger.error(isOpsError(error) ? `${error.message} ${error.hint}` : "The worker failed in a way that was not foreseen.", { error });
    if (!isOpsError(error)) return 1;
    return error.code === "settings_invalid" ? 2 : error.code === "setup_needed" || error.code === "program_missing" ? 3 : 1;
  } finally {
    // A supervisor takes away what it gave the name of.
    if (ownFile !== undefined) rmSync(ownFile, { force: true });
  }
}

/** A full disk takes no log line; that ends nothing, and the next line is tried again (`process.stderr` would give up for good). */
function logLine(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // no room
  }
}

async function openParts(
  { settings, policy, env, settingsFiles: [operatorsFile] }: WorkerSettings,
  redactor: Redactor,
): Promise<WorkerParts> {
  const logger = createLogger({ level: settings.logging.level, redactor, write: logLine });
  const directory = await openDataDirectory(settings.home);
  const keys = await openKeys(directory);
  const artifacts = openArtifacts(directory, keys);
  const audit = openAudit(directory, redactor);
  const approvals = openApprovals({ dir: directory, keys, policy, audit, artifacts });
  const notifyEnvironment = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && NOTIFY_VARIABLES.test(entry[0])),
  );
  const place = operatorsFile === undefined ? {} : { operatorsFile };
  return { directory, keys, artifacts, approvals, audit, policy, ...place, logger, notifyEnvironment };
}

async function targetOf({ settings, env }: WorkerSettings, localTemporal: string | undefined): Promise<ConnectionTarget> {
  if (localTemporal !== undefined) return { mode: "local", address: localTemporal, namespace: LOCAL_NAMESPACE };
  const cluster = await connectionTarget(settings.temporal, env);
  if (cluster !== undefined) return cluster;
  throw new OpsError("settings_invalid", "The worker was told of no Temporal.", {
    hint: "Set TEMPORAL_ADDRESS, or let the supervisor start the worker.",
  });
}
