import { OpsError, type ErrorCode } from "@platform-ops/errors";
import type { EndMark } from "./marked-stream.ts";
import type { Capture } from "./remote.ts";
import type { RunResult } from "./result.ts";
import type { Target } from "./target.ts";
import type { ExecEnd } from "./transport.ts";

/** Why we ended a command. start: it had not begun in time. limit: the remote side did not keep the time limit. */
export type StopReason = "cancelled" | "start" | "limit" | "too_large";

/** All that was seen of one run. */
export interface Observed {
  readonly target: Target;
  /** Whether there are marks at all. */
  readonly marked: boolean;
  /** Whether the command was to wait for our go-ahead. */
  readonly waited: boolean;
  /** The start mark was seen. */
  readonly started: boolean;
  /** The go-ahead was given. */
  readonly wentAhead: boolean;
  /** Why the script did not begin. */
  readonly refused: string | undefined;
  readonly stop: StopReason | undefined;
  readonly end: EndMark | undefined;
  /** Undefined where the marks told enough. */
  readonly transport: ExecEnd | undefined;
  /** Milliseconds since the start mark, or since the beginning where there was none. */
  readonly tookMs: number;
  readonly limitSeconds: number;
  readonly tooLarge: boolean;
  readonly capture: Capture;
  /** What the command wrote to stderr, where it ran by sudo. */
  readonly sudoStderr: string | undefined;
}

export type Outcome = Pick<RunResult, "state" | "remote" | "exit_code" | "signal" | "failure">;

/** What timeout(1) and a death by TERM or KILL leave as a status. */
const ENDED_BY_TIMEOUT = new Set([124, 137, 143]);

/** What is known of the end, from what was seen. Where it is not known whether something ran, it says so. */
export function howItEnded(seen: Observed): Outcome {
  if (!seen.marked) return bare(seen);
  if (seen.end !== undefined) return ended(seen, seen.end);
  if (seen.refused !== undefined) return notStarted(seen, refusal(seen));
  // Without the go-ahead the script does not begin, whenever it comes to it.
  if (seen.waited && !seen.wentAhead) return notStarted(seen, reasonOf(seen));
  if (!seen.started && seen.transport !== undefined && seen.transport.how !== "lost") return notStarted(seen, reasonOf(seen));
  return unknown(seen);
}

function ended(seen: Observed, end: EndMark): Outcome {
  const remote = end.left ? "left_running" : "ended";
  // A TERM that came too late changed nothing: the command's own status counts.
  if (seen.stop !== undefined && end.stopped) return { state: stoppedState(seen), remote, exit_code: null, failure: stopFailure(seen) };
  const limit = seen.limitSeconds * 1_000;
  if (ENDED_BY_TIMEOUT.has(end.status) && seen.tookMs >= limit - Math.min(1_000, limit / 10))
    return { state: "timed_out", remote, exit_code: null, failure: timeLimit(seen) };
  return completed(seen, remote, end.status);
}

function completed(seen: Observed, remote: Outcome["remote"], status: number | null): Outcome {
  const failure = seen.tooLarge ? tooLarge(seen) : status === 1 && isSudoRefusal(seen.sudoStderr) ? sudoDenied(seen) : undefined;
  return { state: "completed", remote, exit_code: status, ...(failure === undefined ? {} : { failure }) };
}

/** Texts of sudo 1.8 to 1.9.16 and sudo-rs. The status is 1 in each case, which a command may also end with. */
const SUDO_REFUSES =
  /^(sudo(-rs)?: (a password is required|interactive authentication is required|sorry, you must have a tty to run sudo|no tty present and no askpass program specified|a terminal is required .*)|Sorry, user .* is not allowed to execute .*|.* is not in the sudoers file\..*|.* may not run sudo on .*)$/;

/** Only where nothing but sudo spoke: a command that ran and prints such a line has mostly said more. */
function isSudoRefusal(stderr: string | undefined): boolean {
  const lines = (stderr ?? "").split("\n").filter((line) => line.trim() !== "");
  return (
    lines.length > 0 &&
    lines.every((line) => /^sudo(-rs)?: /.test(line) || SUDO_REFUSES.test(line)) &&
    lines.some((line) => SUDO_REFUSES.test(line))
  );
}

function sudoDenied({ target }: Observed): OpsError {
  return new OpsError("sudo_denied", `sudo on ${target.node} does not let ${target.user} run this without a password.`);
}

function bare(seen: Observed): Outcome {
  const { transport, stop } = seen;
  if (transport?.how === "refused") return notStarted(seen, reasonOf(seen));
  if (transport?.how === "exited" && (stop === undefined || transport.exit_code === 0))
    return completed(seen, "ended", transport.exit_code);
  if (stop !== undefined) return { state: stoppedState(seen), remote: "unknown", exit_code: null, failure: stopFailure(seen) };
  if (transport?.how !== "signalled") return unknown(seen);
  const { signal } = transport;
  const failure = new OpsError(
    "command_killed",
    `The command on ${seen.target.node} was ended by a signal${signal === undefined ? "" : `, ${signal}`}.`,
  );
  return { state: "completed", remote: "ended", exit_code: null, ...(signal === undefined ? {} : { signal }), failure };
}

function notStarted(seen: Observed, failure: OpsError): Outcome {
  void seen;
  return { state: "not_started", remote: "ended", exit_code: null, failure };
}

function unknown(seen: Observed): Outcome {
  const { node } = seen.target;
  const state = seen.stop === undefined || seen.stop === "start" ? "unknown" : stoppedState(seen);
  const hint = "Look at the target before anything is repeated.";
  const failure =
    seen.stop === undefined || seen.stop === "start"
      ? new OpsError(
          "connection_lost",
          seen.transport?.failure?.message ?? `The connection to ${node} ended before the end of the command was seen.`,
          {
            hint,
            details: seen.transport?.failure === undefined ? {} : { transport: seen.transport.failure.code },
            cause: seen.transport?.failure,
          },
        )
      : stopFailure(seen, ` Its end was not seen: it may still run.`, hint);
  return { state, remote: "unknown", exit_code: null, failure };
}

function stoppedState({ stop }: Observed): "timed_out" | "cancelled" {
  return stop === "limit" || stop === "start" ? "timed_out" : "cancelled";
}

function stopFailure(seen: Observed, more = "", hint?: string): OpsError {
  if (seen.stop === "too_large") return tooLarge(seen);
  if (seen.stop === "limit") return timeLimit(seen, more, hint);
  return new OpsError("cancelled", `The command on ${seen.target.node} was cancelled.${more}`, hint === undefined ? {} : { hint });
}

function timeLimit({ target, limitSeconds }: Observed, more = "", hint?: string): OpsError {
  const text = `The command on ${target.node} passed its time limit of ${limitSeconds} s.${more}`;
  return new OpsError("command_timeout", text, hint === undefined ? {} : { hint });
}

function tooLarge({ target, capture }: Observed): OpsError {
  return new OpsError("output_too_large", `The output of the command on ${target.node} is larger than ${capture.maxBytes} bytes.`);
}

/** Why nothing began, from whoever knows it best. */
function reasonOf(seen: Observed): OpsError {
  const { transport, stop, target } = seen;
  if (transport?.failure !== undefined && transport.how === "refused") return transport.failure;
  if (stop === "start") return new OpsError("connect_timeout", `The command on ${target.node} had not begun in time, and will not.`);
  if (stop !== undefined) return new OpsError("cancelled", "It was cancelled before it was begun.");
  if (transport?.failure !== undefined) return transport.failure;
  const how = transport?.how === "exited" ? ` with status ${transport.exit_code ?? "?"}` : "";
  return new OpsError("command_failed", `The login shell of ${target.user} on ${target.node} ended${how} before the command began.`, {
    hint: "Its words are in the output: an account without a shell, or a start-up file that fails.",
  });
}

const REFUSALS: Readonly<Record<string, [ErrorCode, string]>> = {
  directory: ["not_found", "The working directory cannot be entered there."],
  input: ["connection_lost", "The input did not arrive as a whole, so the command was not begun."],
  base64: ["program_missing", "The machine has no base64 program, which binary input needs."],
  go: ["cancelled", "It was cancelled before it was begun."],
};

function refusal(seen: Observed): OpsError {
  const [code, text] = REFUSALS[seen.refused ?? ""] ?? ["command_failed", "The command was not begun."];
  return seen.refused === "go" || seen.refused === "input"
    ? seen.stop === undefined
      ? new OpsError(code, text)
      : reasonOf(seen)
    : new OpsError(code, text);
}
