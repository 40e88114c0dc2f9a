import type { Logger } from "@platform-ops/ledger";
import { Runtime, type LogLevel, type LogMetadata, type Logger as SdkLogger } from "@temporalio/worker";

/** What may be told of a log line of the SDK: names and ids, no payloads. */
const FIELDS = [
  "sdkComponent",
  "taskQueue",
  "workflowType",
  "workflowId",
  "runId",
  "activityType",
  "activityId",
  "attempt",
  "target",
  "error",
  "namespace",
] as const;

/** Of a failed activity its code is told: what it says belongs to the run, and the border logged what was not foreseen. */
function errorOf(error: unknown): unknown {
  const type = (error as { type?: unknown } | null | undefined)?.type;
  return typeof type === "string" ? type : error;
}

/** A run that ended with its own failure (its errors lose their type on the way out of the sandbox) is no failure of the worker. */
const ENDED_RUN = "Workflow failed";

function fields(message: string, meta: LogMetadata | undefined): Record<string, unknown> {
  const known: Record<string, unknown> = { ...meta };
  known["error"] = message === ENDED_RUN ? undefined : errorOf(known["error"]);
  return Object.fromEntries(FIELDS.flatMap((name) => (known[name] === undefined ? [] : [[name, known[name]]])));
}

function sdkLogger(logger: Logger): SdkLogger {
  const write = { TRACE: logger.debug, DEBUG: logger.debug, INFO: logger.info, WARN: logger.warn, ERROR: logger.error };
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => write[level](message, fields(message, meta));
  return {
    log,
    trace: (message, meta) => log("TRACE", message, meta),
    debug: (message, meta) => log("DEBUG", message, meta),
    info: (message, meta) => log("INFO", message, meta),
    warn: (message, meta) => log("WARN", message, meta),
    error: (message, meta) => log("ERROR", message, meta),
  };
}

let installed = false;

/**
 * Prepares the SDK's native part, once per process and before anything else of it is touched: its logs would go to stdout,
 * and it would take SIGINT and SIGTERM for itself.
 */
export function installRuntime(logger: Logger): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: sdkLogger(logger),
    shutdownSignals: [],
    telemetryOptions: { logging: { forward: {}, filter: { core: "WARN", other: "ERROR" } } },
  });
}
