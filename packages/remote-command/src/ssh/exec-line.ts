import type { Client, ClientChannel } from "ssh2";
import { OpsError } from "@platform-ops/errors";
import type { ExecEnd, ExecRequest } from "../transport.ts";

/** How long the server may take to open a channel on a living connection before the connection is taken for dead. */
const CHANNEL_MS = 10_000;
/** After the command's own end: how long its output may be silent, and how long it may go on at most (a background child keeps it open). */
const SILENT_MS = 500;
const LINGER_MS = 10_000;

/** Why no channel was to be had. The command was never sent in either case. */
export type NoChannel = "full" | "dead";

/**
 * Runs one line on a channel of its own.
 * Resolves to why there was no channel (nothing was sent), or to how the command ended.
 */
export function execLine(client: Client, request: ExecRequest): Promise<NoChannel | ExecEnd> {
  return new Promise((resolve) => {
    let closed = false;
    let grace: NodeJS.Timeout | undefined;
    const late = setTimeout(() => {
      // A channel that came now would begin the command behind our back.
      client.destroy();
      settle("dead");
    }, CHANNEL_MS);
    const onClose = (): void => void (closed = true);
    const abort = (): void => {
      // Whether the line was sent cannot be told from here; a channel that comes later is told to end at once.
      grace = setTimeout(() => settle({ how: "lost", exit_code: null, failure: unanswered() }), request.graceMs);
    };
    const settle = (end: NoChannel | ExecEnd): void => {
      clearTimeout(late);
      clearTimeout(grace);
      client.off("close", onClose);
      request.signal.removeEventListener("abort", abort);
      resolve(end);
    };
    client.once("close", onClose);
    request.signal.addEventListener("abort", abort, { once: true });
    try {
      client.exec(request.line, (error, channel) => {
        clearTimeout(late);
        clearTimeout(grace);
        request.signal.removeEventListener("abort", abort);
        if (error) settle(noChannel(error, closed));
        else follow(channel, request, settle);
      });
    } catch {
      // `Not connected`.
      settle("dead");
    }
  });
}

/** Texts of ssh2 1.17. Only `Unable to exec` comes after the line was sent. */
function noChannel(error: Error, closed: boolean): NoChannel | ExecEnd {
  if (error.message === "Unable to exec") {
    return closed
      ? { how: "lost", exit_code: null, failure: lost("before the machine said whether the command began") }
      : { how: "refused", exit_code: null, failure: new OpsError("access_denied", "The machine lets this account run no commands.") };
  }
  return /Channel open failure/.test(error.message) ? "full" : "dead";
}

/** Hands over what the channel carries until its command has ended, and settles once. */
function follow(channel: ClientChannel, request: ExecRequest, settled: (end: ExecEnd) => void): void {
  let end: ExecEnd | undefined;
  let silence: NodeJS.Timeout | undefined;
  let linger: NodeJS.Timeout | undefined;
  let grace: NodeJS.Timeout | undefined;
  const settle = (how: ExecEnd): void => {
    for (const timer of [silence, linger, grace]) clearTimeout(timer);
    request.signal.removeEventListener("abort", abort);
    channel.removeAllListeners("data");
    channel.stderr.removeAllListeners("data");
    channel.resume();
    channel.stderr.resume();
    settled(how);
  };
  const stopFollowing = (): void => {
    channel.close();
    settle(end ?? { how: "lost", exit_code: null, failure: lost("and the machine did not end the command in time") });
  };
  const abort = (): void => {
    channel.end();
    grace = setTimeout(stopFollowing, request.graceMs);
  };
  const heard = (): void => {
    if (end === undefined) return;
    clearTimeout(silence);
    silence = setTimeout(stopFollowing, SILENT_MS);
  };
  channel.on("data", (chunk: Buffer) => {
    request.onStdout(chunk);
    heard();
  });
  channel.stderr.on("data", (chunk: Buffer) => {
    request.onStderr(chunk);
    heard();
  });
  channel.on("exit", (code: number | null, signal?: string) => {
    end =
      typeof code === "number"
        ? { how: "exited", exit_code: code }
        : {
            how: "signalled",
            exit_code: null,
            ...(signal === undefined ? {} : { signal: signal.startsWith("SIG") ? signal : `SIG${signal}` }),
          };
    linger = setTimeout(stopFollowing, LINGER_MS);
    heard();
  });
  // Without an `exit` before it the connection broke, or the server ended without a status: both are unknown.
  channel.once("close", () => settle(end ?? { how: "lost", exit_code: null, failure: lost("while the command ran") }));
  channel.on("error", () => undefined);
  channel.stdin.on("error", () => undefined);
  if (request.input.length > 0) channel.write(request.input);
  if (request.endInput === true) channel.end();
  else void request.goAhead?.then((bytes) => void (channel.writable && channel.write(bytes)));
  request.signal.addEventListener("abort", abort, { once: true });
  if (request.signal.aborted) abort();
}

function lost(when: string): OpsError {
  return new OpsError("connection_lost", `The connection broke ${when}.`);
}

function unanswered(): OpsError {
  return new OpsError("connection_lost", "The machine did not answer in time whether the command began.");
}
