import { OpsError } from "@platform-ops/errors";
import type { ServerConfig } from "../config.ts";

/** What one client narrows is its own: the supervisor and the worker serve them all. */
const OF_ONE_CLIENT = new Set(["PLATFORM_OPS_READ_ONLY", "PLATFORM_OPS_TOOLSETS", "PLATFORM_OPS_TERRAFORM_ROOTS"]);

/**
 * Variables of the supervisor and its children: what a process needs, and where our settings are. Never TEMPORAL_DEBUG, nor
 * what one client narrows.
 */
export function processEnvironment(config: ServerConfig): Record<string, string> {
  const kept = Object.entries(config.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      entry[0] !== "TEMPORAL_DEBUG" &&
      !OF_ONE_CLIENT.has(entry[0]) &&
      /^(PATH|HOME|LANG|LC_.*|TZ|TMPDIR|USER|LOGNAME|XDG_.*|PLATFORM_OPS_.*|TEMPORAL_.*|LOG_LEVEL|SSL_CERT_.*|NODE_EXTRA_CA_CERTS)$/.test(
        entry[0],
      ),
  );
  return { ...Object.fromEntries(kept), PLATFORM_OPS_HOME: config.settings.home };
}

/** What a tool call answers when a part is missing: the one command that brings it. */
export function setupNeeded(config: ServerConfig, what: string): OpsError {
  return new OpsError("setup_needed", what, {
    hint: `Run this once in a terminal, then call again: ${config.startedAs} setup`,
    details: { command: `${config.startedAs} setup` },
  });
}
