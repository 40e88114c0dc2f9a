import type { Readable, Writable } from "node:stream";
import { isOpsError, OpsError } from "@platform-ops/errors";
import { StdioTransport } from "../stdio/stdio-transport.ts";
import type { Opening } from "./front.ts";
import { openConnection, type ServeBySdk } from "./open-connection.ts";

/**
 * From the end of input or a signal to the end of `serveOpening`, at most, in milliseconds. Clients wait two seconds; the
 * caller has something to close as well.
 */
export const END_WITHIN_MS = 1200;
/** The part of it in which requests are still answered after the end of input. What is left is for calls that heed no abort. */
const DRAIN_MS = 800;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The streams of a server and the source of its signals. */
export interface StdioIo {
  readonly input: Readable;
  readonly output: Writable;
  readonly signals: { on(signal: NodeJS.Signals, listener: () => void): unknown };
}

/** The whole server, loaded when a message needs more than the opening. */
export interface LoadedServer {
  readonly serve: ServeBySdk;
  readonly logger: {
    debug(message: string, fields?: Record<string, unknown>): void;
    warn(message: string, fields?: Record<string, unknown>): void;
  };
  /** Resolves when no call is in flight. */
  settled(): Promise<void>;
}

/**
 * Serves MCP on two streams until the input ends or SIGINT, SIGTERM or SIGHUP comes; then requests in flight get up to
 * 0.8 s to be answered (end of input) or are aborted (signals). `load` is called once, by the first message that the
 * opening does not answer, or the first thing to log.
 * Throws OpsError too_large when a message over 10 MB ended it; what `load` throws; setup_needed when the SDK cannot be loaded.
 */
export async function serveOpening(opening: Opening, io: StdioIo, load: () => Promise<LoadedServer>): Promise<void> {
  let loading: Promise<LoadedServer> | undefined;
  let failure: unknown;
  const loaded = (): Promise<LoadedServer> =>
    (loading ??= load().catch((error: unknown) => {
      failure = error;
      throw error;
    }));
  const transport = new StdioTransport(io.input, io.output, DRAIN_MS);
  const warn = (fault: Error): void =>
    void loaded().then(
      ({ logger }) => logger.warn("protocol", { error: firstLine(fault) }),
      () => undefined,
    );
  const connection = openConnection(opening, transport, warn, async () => (await loaded()).serve);
  const signal = firstSignal(io.signals);
  const end = await Promise.race([transport.ended, signal]);
  // Closing aborts what is in flight; its records are still written. A server that still loads is no reason to stay.
  const closing = Promise.resolve(loading)
    .catch(() => undefined)
    .then(async (server) => {
      await Promise.all([connection.close(), server?.settled()]);
      server?.logger.debug("ended", { end });
    });
  await within(end === "eof" ? END_WITHIN_MS - DRAIN_MS : END_WITHIN_MS, closing);
  // Nobody but us closes it, and only when the server cannot be loaded.
  if (failure !== undefined || end === "closed") throw isOpsError(failure) ? failure : notLoaded(failure);
  if (end === "too_large") throw tooLarge();
}

function notLoaded(cause: unknown): OpsError {
  return new OpsError("setup_needed", "a part of this server could not be loaded.", { hint: "Install it again.", cause });
}

function tooLarge(): OpsError {
  return new OpsError("too_large", "a message on stdin was larger than 10 MB; nothing after it can be read, so the server ended.", {
    hint: "Send less in one message: name a file by its path instead of sending what it holds.",
  });
}

/**
 * Listens from now on. What ends the process goes on after the serving (connections are closed), and a second signal (Claude
 * sends SIGINT, then SIGTERM) must not cut it short: nobody takes the listeners away.
 */
function firstSignal(source: StdioIo["signals"]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => SIGNALS.forEach((signal) => source.on(signal, () => resolve(signal))));
}

/** Waits for `work`, at most `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work.catch(() => undefined), new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

/** The SDK's errors can hold a dump of the whole message: only what happened, without what was sent. */
function firstLine(error: Error): string {
  return `${error.name}: ${error.message.split("\n", 1)[0]!.slice(0, 200)}`;
}
