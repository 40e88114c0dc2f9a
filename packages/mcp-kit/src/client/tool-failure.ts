import { OpsError, type ErrorCode } from "@platform-ops/errors";
import type { ChildEnd } from "./child-transport.ts";

/** JSON-RPC codes after which a tool has certainly not run: no such method, wrong parameters, no such tool. */
const NEVER_RAN = new Set([-32700, -32600, -32601, -32602]);

/** What `details` of every failure of a call say. */
export interface CallFailureDetails {
  readonly server: string;
  /** True where the tool may have run, or may still run: look before it is called again. */
  readonly may_have_run: boolean;
  /** The last of the server's standard error: its words, not ours. */
  readonly stderr?: string;
}

/** A failure in our words: which server, what happened, and whether the tool may have run. */
export function callFailure(
  code: ErrorCode,
  server: string,
  message: string,
  facts: { readonly mayHaveRun: boolean; readonly stderr?: string; readonly hint?: string; readonly cause?: unknown },
): OpsError {
  const details: CallFailureDetails = {
    server,
    may_have_run: facts.mayHaveRun,
    ...(facts.stderr === undefined || facts.stderr === "" ? {} : { stderr: facts.stderr }),
  };
  return new OpsError(code, `MCP server ${server}: ${message}`, {
    details: { ...details },
    retryable: !facts.mayHaveRun && code !== "program_missing" && code !== "invalid_input",
    ...(facts.hint === undefined ? {} : { hint: facts.hint }),
    ...(facts.cause === undefined ? {} : { cause: facts.cause }),
  });
}

/** A server that could not be opened, or ended while it was spoken to. */
export function endedFailure(server: string, end: ChildEnd | undefined, doing: "opening" | "calling", stderr: string): OpsError {
  const mayHaveRun = doing === "calling";
  if (end?.why === "not_started")
    return callFailure("program_missing", server, "its program cannot be started here.", {
      mayHaveRun: false,
      hint: "Install it, or correct its command in the operator's settings.",
      cause: end.cause,
    });
  if (end?.why === "too_large")
    return callFailure("too_large", server, "it sent a message larger than 10 MB and was ended.", { mayHaveRun, stderr });
  const how = end?.why === "exited" ? (end.signal === null ? `ended with code ${end.code}` : `was ended by ${end.signal}`) : "was closed";
  return doing === "opening"
    ? callFailure("command_failed", server, `it ${how} before it could be spoken to.`, {
        mayHaveRun: false,
        stderr,
        hint: "Run its command by hand to see why; `details.stderr` has its last words.",
      })
    : callFailure("connection_lost", server, `it ${how} while the tool ran.`, { mayHaveRun: true, stderr });
}

/** What the SDK threw on a call, told in our words. Texts of the server are kept as the cause, not shown. */
export function rpcFailure(server: string, tool: string, error: unknown): OpsError {
  const { code } = error as { code?: unknown };
  if (code === "UNSUPPORTED_RESULT_TYPE")
    return callFailure("approval_needed", server, `its tool ${tool} asks a person, and nobody is at this connection.`, {
      mayHaveRun: false,
      hint: "Decide it through one of the server's other channels, then call again.",
      cause: error,
    });
  if (typeof code !== "number")
    return callFailure("command_failed", server, `its answer to ${tool} is not what MCP prescribes.`, { mayHaveRun: true, cause: error });
  if (NEVER_RAN.has(code))
    return callFailure("invalid_input", server, `it refused the call of ${tool} (JSON-RPC error ${code}).`, {
      mayHaveRun: false,
      hint: "Check the tool's name and arguments against its tools/list.",
      cause: error,
    });
  return callFailure("command_failed", server, `it answered ${tool} with JSON-RPC error ${code}.`, { mayHaveRun: true, cause: error });
}
