import type { OpsError } from "@platform-ops/errors";
import type { RemoteNode, Target } from "./target.ts";

/** One command line for the login shell of the target's user. */
export interface ExecRequest {
  readonly target: Target;
  /** At most 100,000 bytes, no NUL: longer ones end an sshd connection, see `quote.ts`. */
  readonly line: string;
  /** The words that the line consists of, where it is nothing but quoted words: this machine starts them without a shell. */
  readonly words?: readonly string[];
  /**
   * Written to the remote stdin first; the stream then stays open until the end: the remote side takes its closing for the
   * end of the client, and ends the command.
   */
  readonly input: Uint8Array;
  /**
   * Written after the input as soon as it resolves, at once and unbuffered; it may never resolve, and never rejects. The
   * remote side waits for it before it begins what changes something, so that what was lost before that certainly never ran.
   */
  readonly goAhead?: Promise<Uint8Array>;
  /** True: stdin is closed right after the input, for a bare command that nothing watches. False or absent: it stays open. */
  readonly endInput?: boolean;
  /** Raised on cancel and time-out: the transport closes stdin, waits `graceMs` for the end, then drops the connection. */
  readonly signal: AbortSignal;
  readonly graceMs: number;
  onStdout(chunk: Uint8Array): void;
  onStderr(chunk: Uint8Array): void;
}

/** What the transport saw of the end. Whether the command itself ran is told by the marks in its output, see `envelope.ts`. */
export interface ExecEnd {
  /** exited: a status arrived. signalled: the remote process died by a signal. lost: no status. refused: never started. */
  readonly how: "exited" | "signalled" | "lost" | "refused";
  readonly exit_code: number | null;
  readonly signal?: string;
  /** For lost and refused, and for exits that are the transport's own failure: the classified reason. */
  readonly failure?: OpsError;
  /** stderr without what the transport's own client added to it. Absent: nothing was added. */
  readonly cleanStderr?: Uint8Array;
}

/** One way to reach the machines of one cluster. Knows no policy: the caller has judged. */
export interface Transport {
  readonly kind: "teleport" | "ssh" | "local";
  /** Resolves in every case in which the outcome can be told; rejects only for a fault of ours. */
  exec(request: ExecRequest): Promise<ExecEnd>;
  /** All machines it knows. @throws OpsError not_logged_in, certificate_expired, proxy_unreachable, … */
  nodes(signal: AbortSignal): Promise<readonly RemoteNode[]>;
  /** The account to use where neither caller nor operator names one; undefined where there is none to assume. */
  defaultUser(): Promise<string | undefined>;
  close(): Promise<void>;
}
