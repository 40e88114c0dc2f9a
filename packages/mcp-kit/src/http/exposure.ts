import { OpsError } from "@platform-ops/errors";
import type { HttpSettings } from "@platform-ops/ledger";
import { LOOPBACK_HOSTS } from "./guard.ts";
import { isLoopback } from "./listen.ts";

/**
 * Whoever reaches another address than loopback may be anybody, and reads what goes over the wire.
 * @throws OpsError settings_invalid for what may not be listened on, with all that is missing
 */
export function refuseExposure(settings: HttpSettings): void {
  if (isLoopback(settings.host)) return;
  const problems = [
    ...(settings.authentication === "token"
      ? []
      : ["http.authentication: none is for loopback only; take it away, and make tokens with `token create`."]),
    ...(settings.tls === undefined
      ? ["http.tls: cert_path and key_path are needed, since tokens must not go over the network in the clear."]
      : []),
    ...(isWildcard(settings.host) && settings.allowed_hosts.length === 0
      ? ["http.allowed_hosts: name the host by which clients reach this server."]
      : []),
  ];
  if (problems.length > 0)
    throw new OpsError(
      "settings_invalid",
      `http.host is ${settings.host}, which is more than this machine: that needs authentication and TLS.`,
      { details: { problems }, hint: "Set them in the operator's file, or leave http.host out to serve this machine only." },
    );
}

/** The names by which clients may reach it. */
export function hostsOf({ host, allowed_hosts }: HttpSettings): string[] {
  const own = isLoopback(host) ? [...LOOPBACK_HOSTS, host] : isWildcard(host) ? [] : [host];
  return [...new Set([...own, ...allowed_hosts].map((name) => name.toLowerCase()))];
}

const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";
