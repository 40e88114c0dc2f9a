import type { Server } from "node:http";
import { Server as NetServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { watchSettings, type HttpSettings, type Tokens } from "@platform-ops/ledger";
import { Connections } from "./connections.ts";
import { refuseExposure } from "./exposure.ts";
import { Face, type Served } from "./face.ts";
import { listen, renewCertificates } from "./listen.ts";
import { Metrics } from "./metrics.ts";

export type { Served } from "./face.ts";

/** How often what nobody uses any more is looked for, in milliseconds. */
const SWEEP_MS = 2_000;

/** How long a changed file may take until it is whole, in milliseconds, and how often it is looked at again. */
const SETTLE_MS = 300;
const SETTLE_TRIES = 5;

/** What `serveHttp` needs. */
export interface HttpServing extends Served {
  readonly tokens: Tokens;
  /** Ends the serving, after what is in flight was answered. */
  readonly signal: AbortSignal;
  /** Told once, with the addresses for clients. */
  onListening(urls: readonly string[]): void;
  /** What is served in its place when one of the files changes: who tightens a policy need not restart anything. */
  readonly renewal?: {
    readonly files: readonly string[];
    /** Throws OpsError settings_invalid where the files are wrong now. */
    renew(): Served;
  };
}

/**
 * Serves a definition over Streamable HTTP in both protocol eras until the signal is aborted, then drains.
 * @throws OpsError settings_invalid for what may not be listened on, also when the files come to say so later; port_taken
 */
export async function serveHttp(serving: HttpServing): Promise<void> {
  const { settings, tokens, onListening } = serving;
  refuseExposure(settings);
  let faces: readonly [current: Face, ...others: Face[]];
  const metrics = new Metrics(
    serving.definition.tools.map(({ name }) => name),
    () => ({
      http_sessions: faces.reduce((sum, { sessions }) => sum + sessions.size, 0),
      http_active_requests: faces.reduce((sum, { answers }) => sum + answers.active, 0),
    }),
  );
  faces = [new Face(serving, tokens, metrics)];
  const { logger } = serving.definition;
  const connections = new Connections();
  const { servers, port, addresses } = await listen(settings, (request, response) => {
    connections.began(request, response);
    void faces[0].answers.answer(request, response);
  });
  const stopped = untilStopped(serving, (renewed) => {
    renewListeners(servers, settings, renewed, logger);
    const next = new Face(renewed, tokens, metrics);
    const [old, ...others] = faces;
    faces = [next, old, ...others];
    // What it has begun ends in its own time; what is new is the next one's.
    void old.end().finally(() => (faces = [faces[0], ...faces.slice(1).filter((face) => face !== old)]));
  });
  const sweeping = setInterval(() => faces.forEach((face) => face.sweep()), SWEEP_MS);
  try {
    const urls = addresses.map((address) => urlOf(settings, address, port));
    logger.info("listening", { urls, authentication: settings.authentication, tls: settings.tls !== undefined });
    onListening(urls);
    await stopped;
    logger.info("draining", { requests: faces[0].answers.active, sessions: faces[0].sessions.size });
  } finally {
    clearInterval(sweeping);
    // Of http this would end connections as well, at once and altogether.
    for (const server of servers) NetServer.prototype.close.call(server);
    connections.end();
    await Promise.all(faces.map((face) => face.end()));
    await connections.ended();
    for (const server of servers) server.close().closeAllConnections();
    metrics.close();
  }
}

/** Resolves with the signal. Until then, whenever a file changes, gives what is to be served; rejects where that may not be. */
async function untilStopped({ settings, signal, renewal, definition }: HttpServing, renewed: (served: Served) => void): Promise<void> {
  let { tls } = settings;
  for (;;) {
    const file = await nextChange(renewal === undefined ? [] : [...renewal.files, ...Object.values(tls ?? {})], signal);
    if (file === undefined || renewal === undefined) return;
    definition.logger.info("settings changed", { file });
    const next = await settledFiles(renewal.renew);
    renewed(next);
    ({ tls } = next.settings);
  }
}

/** The next file that changes; undefined with the signal. */
function nextChange(files: readonly string[], signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    const stop = watchSettings(files, resolve);
    signal.addEventListener(
      "abort",
      () => {
        stop();
        resolve(undefined);
      },
      { once: true },
    );
  });
}

/** What the files say once whoever writes them is done: half a file, or one of two, is wrong only for a moment. */
async function settledFiles(renew: () => Served): Promise<Served> {
  for (let tries = 1; ; tries++) {
    await sleep(SETTLE_MS);
    try {
      const next = renew();
      refuseExposure(next.settings);
      return next;
    } catch (error) {
      if (tries === SETTLE_TRIES) throw error;
    }
  }
}

/** Where it listens cannot be changed while it does; certificates can. */
function renewListeners(
  servers: readonly Server[],
  settings: HttpSettings,
  { settings: next }: Served,
  logger: Served["definition"]["logger"],
): void {
  const isElsewhere =
    next.host !== settings.host || next.port !== settings.port || (next.tls === undefined) !== (settings.tls === undefined);
  if (isElsewhere) logger.warn("another host, port, or TLS where there was none counts after a restart");
  else if (next.tls !== undefined) {
    try {
      renewCertificates(servers, next.tls);
    } catch (error) {
      // A certificate whose key is still to come: its file will change as well.
      logger.error("the certificate was not renewed; the one before is shown", { error });
    }
  }
}

function urlOf({ tls }: HttpSettings, address: string, port: number): string {
  return `${tls === undefined ? "http" : "https"}://${address.includes(":") ? `[${address}]` : address}:${port}/mcp`;
}
