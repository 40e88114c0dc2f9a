import type { SubjectItem } from "@platform-ops/ledger";
import type { RemoteCommand } from "./command.ts";
import type { RunResult } from "./result.ts";
import type { RemoteNode, Target } from "./target.ts";

/**
 * What the caller knows of a command's effect, as the upper bound. read: a typed read. steer: suspend, resume, reconcile.
 * write: every other typed change. free: a text for a shell.
 */
export type CommandEffect = "read" | "steer" | "write" | "free";

/** What the policy says of one command on one target. */
export interface Verdict {
  readonly verdict: "run" | "ask" | "refuse";
  /** The environment that the target belongs to. */
  readonly environment: string;
  /** One sentence: which rule of which part of the operator's file decided. */
  readonly because: string;
  /** What an approval of exactly this must bind: command, target, user, time limit. */
  readonly subject: SubjectItem;
  /** All of that as a person reads it, with every character visible. */
  readonly shown: string;
}

/** Proof that a person approved exactly this; minted by `permit` after the record was verified and used up. */
export interface Consent {
  readonly digest: string;
  readonly approval: string;
  readonly approver: string;
}

/** How a stream is kept. model: head and tail, cleaned. parser: whole, or the error `output_too_large`. */
export type Capture = { readonly for: "model"; readonly maxBytes: number } | { readonly for: "parser"; readonly maxBytes: number };

export interface RunOptions {
  readonly effect: CommandEffect;
  /** Milliseconds until the command is ended on the remote side. */
  readonly timeoutMs: number;
  readonly capture: Capture;
  readonly signal?: AbortSignal;
  readonly consent?: Consent;
}

export interface FanOutOptions extends RunOptions {
  /** How many machines at once. */
  readonly concurrency: number;
  /** Between 0 and 1: no further machine is begun once this part of those that ended has failed (at least 4 have ended). */
  readonly stopAtFailureRate?: number;
  onResult?(result: RunResult, done: number, total: number): void;
}

export interface FanOutResult {
  /** In the order of the targets; machines not begun have the state `not_started`. */
  readonly results: readonly RunResult[];
  readonly stopped: boolean;
}

/** Commands on machines: the one door, where policy is asked, words are quoted, output is bounded and the end is found out. */
export interface Remote {
  /** Which clusters there are, in the order of the operator's file. */
  readonly clusters: readonly string[];
  /** @throws OpsError not_allowed for a cluster that is not allowed. Starts nothing. */
  judge(target: Target, command: RemoteCommand, options: Pick<RunOptions, "effect" | "timeoutMs">): Promise<Verdict>;
  /**
   * The verdict on the same command for many machines: the strictest word, and one subject that binds all of them; one consent
   * to it is what `runOnAll` wants.
   * @throws OpsError as `judge`; not_allowed where a person would be asked for several environments at once
   */
  judgeAll(targets: readonly Target[], command: RemoteCommand, options: Pick<RunOptions, "effect" | "timeoutMs">): Promise<Verdict>;
  /**
   * Runs one command. What happens on the way is a result, not an error.
   * @throws OpsError invalid_input (a name, a NUL, too long), not_allowed (policy), approval_needed (policy asks and no consent fits)
   */
  run(target: Target, command: RemoteCommand, options: RunOptions): Promise<RunResult>;
  /** The same command on many machines of one cluster. Policy is asked for each before the first is begun. */
  runOnAll(targets: readonly Target[], command: RemoteCommand, options: FanOutOptions): Promise<FanOutResult>;
  /** @throws OpsError not_allowed, and what the transport says. */
  nodes(cluster: string, signal: AbortSignal): Promise<readonly RemoteNode[]>;
  /** The login to use on a cluster's machine where the caller names none. @throws OpsError invalid_input naming the setting. */
  userOn(cluster: string, node: string): Promise<string>;
  close(): Promise<void>;
}
