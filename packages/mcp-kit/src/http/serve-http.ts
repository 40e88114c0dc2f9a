import { setTimeout as sleep } from "node:timers/promises";
import { OpsError } from "@platform-ops/errors";
import type { HttpSettings, Tokens } from "@platform-ops/ledger";
import { settled } from "../call-tool.ts";
import type { ServerDefinition } from "../server-definition.ts";
import { admitAll, admitByToken } from "./access.ts";
import { RequestAnswers } from "./answer-request.ts";
import { LOOPBACK_HOSTS } from "./guard.ts";
import { isLoopback, listen } from "./listen.ts";
import { Metrics } from "./metrics.ts";
import { Sessions } from "./sessions.ts";

/** How often what nobody uses any more is looked for, in milliseconds. */
const SWEEP_MS = 2_000;

/** What `serveHttp` needs. */
export interface HttpServing {
  readonly definition: ServerDefinition;
  readonly settings: HttpSettings;
  readonly tokens: Tokens;
  /** Ends the serving, after what is in flight was answered. */
  readonly signal: AbortSignal;
  /** Told once, with the addresses for clients. */
  onListening(urls: readonly string[]): void;
  /** Rejects where calls could not be answered now. */
  ready(): Promise<unknown>;
}

/**
 * Serves a definition over Streamable HTTP in both protocol eras until the signal is aborted, then drains.
 * @throws OpsError settings_invalid for what may not be listened on, port_taken
 */
export async function serveHttp({ definition: given, settings, tokens, signal, onListening, ready }: HttpServing): Promise<void> {
  const isLocal = isLoopback(settings.host);
  refuseExposure(settings, isLocal);
  const metrics = new Metrics(
    given.tools.map(({ name }) => name),
    () => ({ http_sessions: sessions.size, http_active_requests: answers.active }),
  );
  const definition = counted(given, metrics);
  const sessions = new Sessions(settings.limits, ({ name }) => definition.logger.debug("protocol", { error: name }));
  const gate = settings.authentication === "none" ? admitAll(definition) : admitByToken(definition, tokens);
  const answers = new RequestAnswers({
    definition,
    gate,
    sessions,
    metrics,
    limits: settings.limits,
    guard: { hosts: hostsOf(settings, isLocal), origins: settings.allowed_origins },
    scheme: settings.tls === undefined ? "http" : "https",
    openMetrics: isLocal,
    ready,
  });
  const { servers, port, addresses } = await listen(settings, (request, response) => void answers.answer(request, response));
  const sweeping = setInterval(() => {
    gate.sweep();
    answers.sweep();
    sessions.sweep((access) => gate.isAdmitted(access));
  }, SWEEP_MS);
  try {
    const urls = addresses.map(
      (address) => `${settings.tls === undefined ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${port}/mcp`,
    );
    definition.logger.info("listening", { urls, authentication: settings.authentication, tls: settings.tls !== undefined });
    onListening(urls);
    await aborted(signal);
    definition.logger.info("draining", { requests: answers.active, sessions: sessions.size });
    answers.drain();
    for (const server of servers) {
      server.close();
      server.closeIdleConnections();
    }
    const until = Date.now() + settings.limits.drain_seconds * 1000;
    while (answers.active > 0 && Date.now() < until) await sleep(20);
  } finally {
    clearInterval(sweeping);
    metrics.close();
    await answers.close();
    for (const server of servers) server.closeAllConnections();
    // What was in flight still writes its record.
    await Promise.race([settled(definition), sleep(1_000)]);
  }
}

/** Whoever reaches another address than loopback may be anybody, and reads what goes over the wire. */
function refuseExposure(settings: HttpSettings, isLocal: boolean): void {
  if (isLocal) return;
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
      {
        details: { problems },
        hint: "Set them in the operator's file, or leave http.host out to serve this machine only.",
      },
    );
}

const isWildcard = (host: string): boolean => host === "0.0.0.0" || host === "::";

function hostsOf({ host, allowed_hosts }: HttpSettings, isLocal: boolean): string[] {
  const own = isLocal ? [...LOOPBACK_HOSTS, host] : isWildcard(host) ? [] : [host];
  return [...new Set([...own, ...allowed_hosts].map((name) => name.toLowerCase()))];
}

/** The same server, with its calls counted where they are put on record. */
function counted(definition: ServerDefinition, metrics: Metrics): ServerDefinition {
  const { audit } = definition;
  return {
    ...definition,
    audit: {
      append: async (entry) => {
        metrics.audited(entry);
        await audit.append(entry);
      },
      read: (options) => audit.read(options),
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
