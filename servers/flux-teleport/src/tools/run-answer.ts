import { OpsError } from "@platform-ops/errors";
import { quoteData, type ToolResult } from "@platform-ops/mcp-kit";
import type { RunResult } from "@platform-ops/remote-command";
import type { FluxTeleportDeps } from "../deps.ts";
import { done, failed, type Said } from "./result.ts";

/** Bytes of each stream that a model is shown; the middle of a longer one is left out. */
export const SHOWN_BYTES = 5000;

/** The keys of a command's result as the source has them, before anything ran. */
export const NOT_RUN = { exit_code: null, stdout: "", stderr: "" } as const;

/** What came out of a command, as keys. */
export function runData(run: RunResult): Record<string, unknown> {
  const { stdout, stderr } = run;
  return {
    exit_code: run.exit_code,
    stdout: stdout.text,
    stderr: stderr.text,
    state: run.state,
    remote: run.remote,
    truncated: stdout.truncated || stderr.truncated,
    ...(run.signal === undefined ? {} : { signal: run.signal }),
    ...(run.login_noise === undefined ? {} : { login_noise: run.login_noise }),
    duration_ms: Math.round(run.duration_ms),
  };
}

/** The same as text: each stream labelled as data. */
export function runText(run: RunResult): string {
  const parts = [
    ...(run.login_noise === undefined ? [] : [quoteData("printed at login", run.login_noise)]),
    ...(run.stdout.text === "" ? [] : [quoteData("stdout", run.stdout.text)]),
    ...(run.stderr.text === "" ? [] : [quoteData("stderr", run.stderr.text)]),
  ];
  return parts.length === 0 ? "(no output)" : parts.join("\n");
}

/**
 * Why a command that was run did not succeed, in the source's words; undefined where it did.
 * `seconds` is the limit that it had.
 */
export function runFailure(run: RunResult, seconds: number): OpsError | undefined {
  if (run.state === "completed") {
    if (run.exit_code === 0) return undefined;
    return (
      run.failure ??
      new OpsError("command_failed", `Command failed with exit code ${run.exit_code}`, {
        hint: "Read its output; correct the command and call again.",
      })
    );
  }
  if (run.state === "timed_out") {
    const message = `Command timed out after ${seconds} seconds; on the machine it is ${SIDES[run.remote]}`;
    return new OpsError("command_timeout", message, run.failure === undefined ? {} : { hint: run.failure.hint });
  }
  return run.failure ?? new OpsError(run.state === "cancelled" ? "cancelled" : "connection_lost", `The command is ${run.state}.`);
}

const SIDES = { ended: "ended", left_running: "left running", unknown: "perhaps still running" } as const;

/** The result of one command. */
export function runAnswer(deps: FluxTeleportDeps, run: RunResult, said: Said, seconds: number): ToolResult {
  const failure = runFailure(run, seconds);
  const data = runData(run);
  return failure === undefined
    ? done("Command executed successfully", data, runText(run))
    : failed(deps, failure, said, data, run.state === "not_started" ? "" : runText(run));
}
