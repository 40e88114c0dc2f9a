import { OpsError } from "@platform-ops/errors";
import type { FluxTeleportDeps } from "../deps.ts";

/**
 * The time limit of a command: what the call asks for, else the operator's default.
 * @throws OpsError invalid_input where the operator allows less
 */
export function secondsOf(deps: Pick<FluxTeleportDeps, "config">, asked: number | undefined): number {
  const { timeout_seconds, max_timeout_seconds } = deps.config.settings.remote;
  if (asked !== undefined && asked > max_timeout_seconds) {
    throw new OpsError("invalid_input", `timeout may be at most ${max_timeout_seconds} seconds.`, {
      hint: "Ask for less; the operator sets remote.max_timeout_seconds.",
    });
  }
  return asked ?? timeout_seconds;
}
