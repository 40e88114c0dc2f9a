import type { Readable, Writable } from "node:stream";
import { OpsError } from "@platform-ops/errors";
import { settled } from "./call-tool.ts";
import { guardProcess } from "./process-guard.ts";
import { prepare, type ServerDefinition } from "./server-definition.ts";
import { openConnection } from "./start-up/open-connection.ts";
import { StdioTransport } from "./stdio-transport.ts";

/** From the end of input or a signal to the end of `serveStdio`, at most, in milliseconds. */
export const END_WITHIN_MS = 1500;

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The streams of a server and the source of its signals. */
export interface StdioIo {
  readonly input: Readable;
  readonly output: Writable;
  readonly signals: {
    on(signal: NodeJS.Signals, listener: () => void): unknown;
    off(signal: NodeJS.Signals, listener: () => void): unknown;
  };
}

/**
 * Serves MCP on stdin and stdout in both protocol eras until the input ends or SIGINT, SIGTERM or SIGHUP comes; then
 * requests in flight get up to 1.5 s to be answered (end of input) or are aborted (signals). The caller ends the process.
 * Without `io` it serves on the process's own streams, and guards them (`guardProcess`).
 * Throws OpsError too_large when a message over 10 MB ended it, setup_needed when a part of the program is missing.
 */
export async function serveStdio(definition: ServerDefinition, io?: StdioIo): Promise<void> {
  if (io) return await serveOn(definition, io);
  const release = guardProcess(definition);
  try {
    await serveOn(definition, { input: process.stdin, output: process.stdout, signals: process });
  } finally {
    release();
  }
}

async function serveOn(definition: ServerDefinition, io: StdioIo): Promise<void> {
  prepare(definition);
  const { logger } = definition;
  const transport = new StdioTransport(io.input, io.output, END_WITHIN_MS);
  const warn = (error: Error): void => logger.warn("protocol", { error: firstLine(error) });
  const connection = openConnection(definition, transport, warn, async () => (await import("./sdk-stdio.ts")).serve);
  const signals = listenFor(io.signals);
  try {
    const end = await Promise.race([transport.ended, signals.came]);
    // Closing aborts what is in flight; its records are still written.
    await within(END_WITHIN_MS, Promise.all([connection.close(), settled(definition)]));
    logger.debug("ended", { end });
    if (end === "too_large") throw tooLarge();
    // Nobody but us closes it, and only when the SDK cannot be loaded; the log says why.
    if (end === "closed") throw new OpsError("setup_needed", "a part of this server could not be loaded.", { hint: "Install it again." });
  } finally {
    signals.stop();
  }
}

function tooLarge(): OpsError {
  return new OpsError("too_large", "a message on stdin was larger than 10 MB; nothing after it can be read, so the server ended.", {
    hint: "Send less in one message: name a file by its path instead of sending what it holds.",
  });
}

/** Listens until `stop`, so that a second signal (Claude sends SIGINT, then SIGTERM) does not cut the end short. */
function listenFor(source: StdioIo["signals"]): { came: Promise<NodeJS.Signals>; stop(): void } {
  let resolve!: (signal: NodeJS.Signals) => void;
  const came = new Promise<NodeJS.Signals>((done) => (resolve = done));
  const listeners = SIGNALS.map((signal) => [signal, () => resolve(signal)] as const);
  for (const [signal, listener] of listeners) source.on(signal, listener);
  return { came, stop: () => listeners.forEach(([signal, listener]) => source.off(signal, listener)) };
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
