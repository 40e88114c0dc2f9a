/** What a worker writes every second to its alive file, so that a supervisor knows it without Temporal. */
export interface WorkerAlive {
  readonly pid: number;
  /** With the pid, which process it is; absent in earlier builds. */
  readonly start_time?: string;
  readonly phase: "connecting" | "starting" | "running" | "draining";
  /** Open runs on the worker's queues; null while that is not known, which is no reason to stop anything. */
  readonly open_runs: number | null;
  /** ISO 8601. */
  readonly at: string;
  /** Builds that must live on, because this one cannot carry on what they began; absent while that is not known. */
  readonly left_to?: readonly string[];
  readonly server: string;
  readonly build: string;
}
