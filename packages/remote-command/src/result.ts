import type { OpsError } from "@platform-ops/errors";
import type { Target } from "./target.ts";

/** Text of one stream: UTF-8 safe; for a model also free of control sequences and bounded. */
export interface CapturedText {
  readonly text: string;
  /** Bytes that the stream carried in all. */
  readonly bytes: number;
  /** True when the middle was left out; `text` then says so where it was. */
  readonly truncated: boolean;
}

/**
 * completed: the command ended by itself, `exit_code` is its own. timed_out, cancelled: we ended it. unknown: it was started
 * and the connection broke, or its end was not seen. not_started: it certainly never ran.
 */
export type RunState = "completed" | "timed_out" | "cancelled" | "unknown" | "not_started";

/** What became of the process on the target. */
export type RemoteSide = "ended" | "left_running" | "unknown";

/** How one command on one target ended. */
export interface RunResult {
  readonly target: Target;
  readonly state: RunState;
  readonly remote: RemoteSide;
  /** Null when the command did not end by itself. */
  readonly exit_code: number | null;
  /** Name of the signal that ended it, where the transport tells it. */
  readonly signal?: string;
  readonly stdout: CapturedText;
  readonly stderr: CapturedText;
  /** What a login shell printed before the command began. */
  readonly login_noise?: string;
  readonly duration_ms: number;
  /**
   * Why, in a stable code, with the cure. Set unless `state` is completed; there only where the result is not what was wanted
   * all the same: output_too_large, sudo_denied, command_killed.
   */
  readonly failure?: OpsError;
}
