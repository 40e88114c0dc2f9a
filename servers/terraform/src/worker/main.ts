// Entry of the worker process: settings → connection → polling, until SIGTERM. stdout stays empty.
import { writeSync } from "node:fs";
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
  type Logger,
} from "@platform-ops/ledger";
import { connectionTarget, type ConnectionTarget } from "@platform-ops/orchestration/worker";
import { lookAround, type ServerConfig } from "../config.ts";
import { readWorkerConfig } from "../read-config.ts";
import { queueFamily, runQueue } from "../runs/task-queue.ts";
import { runTerraformWorker } from "./run-terraform-worker.ts";
import { sweepNowAndThen } from "./sweep.ts";
import { watchSettings } from "./watch-settings.ts";
import type { WorkerDeps } from "./worker-deps.ts";

/** A local Temporal always has this namespace. */
const LOCAL_NAMESPACE = "default";

/** Variables of the operator's notify command; credentials of runs are none of its business. */
const NOTIFY_VARIABLES = /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|USER|LOGNAME|HTTPS?_PROXY|NO_PROXY|SSL_CERT_.*)$/i;

/** A full disk takes no log line; that ends nothing, and the next line is tried again (`process.stderr` would give up for good). */
function logLine(line: string): void {
  try {
    writeSync(2, line);
  } catch {
    // no room
  }
}

async function openDeps(config: ServerConfig, redactor: Redactor, logger: Logger): Promise<WorkerDeps> {
  const directory = await openDataDirectory(config.settings.home);
  const keys = await openKeys(directory);
  const artifacts = openArtifacts(directory, keys);
  const audit = openAudit(directory, redactor);
  const { policy } = config;
  const approvals = openApprovals({ dir: directory, keys, policy, audit, artifacts });
  const notifyEnvironment = Object.fromEntries(
    Object.entries(config.env).filter((entry): entry is [string, string] => entry[1] !== undefined && NOTIFY_VARIABLES.test(entry[0])),
  );
  return { directory, keys, artifacts, approvals, audit, policy, logger, notifyEnvironment };
}

async function targetOf(config: ServerConfig, localTemporal: string | undefined): Promise<ConnectionTarget> {
  if (localTemporal !== undefined) return { mode: "local", address: localTemporal, namespace: LOCAL_NAMESPACE };
  const cluster = await connectionTarget(config.settings.temporal, config.env);
  if (cluster !== undefined) return cluster;
  throw new OpsError("settings_invalid", "The worker was told of no Temporal.", {
    hint: "Set TEMPORAL_ADDRESS, or let the supervisor start the worker.",
  });
}

async function main(): Promise<number> {
  // Plans, states and streams hold secrets: whatever this process and its children make is for the owner alone.
  process.umask(0o077);
  const redactor = new Redactor();
  const logger = createLogger({ level: "info", redactor, write: logLine });
  try {
    const { config, aliveFile, localTemporal, kept } = readWorkerConfig(lookAround());
    const deps = await openDeps(config, redactor, createLogger({ level: config.settings.logging.level, redactor, write: logLine }));
    const stop = new AbortController();
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stop.abort());
    // The id too: a worker whose data directory was removed has nothing left to do.
    watchSettings([...config.settingsFiles, deps.directory.path("id")], (file) => {
      deps.logger.info("settings changed; the worker ends so that its successor reads them", { file });
      stop.abort();
    });
    sweepNowAndThen(deps);
    const build = basename(config.dist);
    const family = localTemporal === undefined ? undefined : queueFamily(config, deps.directory.id);
    await runTerraformWorker(deps, {
      target: await targetOf(config, localTemporal),
      queue: runQueue(config, deps.directory.id, localTemporal === undefined ? undefined : build),
      ...(family === undefined || kept ? {} : { family }),
      bundle: join(config.dist, "workflow-bundle.js"),
      build,
      aliveFile,
      signal: stop.signal,
    });
    return 0;
  } catch (error) {
    logger.error(isOpsError(error) ? `${error.message} ${error.hint}` : "The worker failed in a way that was not foreseen.", { error });
    if (!isOpsError(error)) return 1;
    return error.code === "settings_invalid" ? 2 : error.code === "setup_needed" || error.code === "program_missing" ? 3 : 1;
  }
}

process.exitCode = await main();
