/** A JSON value as its text: numbers of any size pass through unchanged. */
export type RawJson = string;

/** The terraform or tofu that a run uses. */
export interface ProgramRef {
  readonly kind: "terraform" | "tofu";
  /** Absolute path. */
  readonly path: string;
  readonly version: string;
  /** SHA-256 of the binary, hex. */
  readonly digest: string;
}

/** What every step of one workspace in one run needs. */
export interface StepContext {
  readonly program: ProgramRef;
  /** The folder with the configuration, absolute. */
  readonly dir: string;
  /** TF_DATA_DIR of this workspace and environment, kept warm between runs. */
  readonly dataDir: string;
  /** The whole environment of a child, as `childEnvironment` makes it. */
  readonly env: Readonly<Record<string, string>>;
  /** A private folder (0700) of this workspace and run: plan file, streams, generated variables. */
  readonly work: string;
  readonly lockTimeoutSeconds: number;
  /** Aborted = interrupt the program once. */
  readonly signal: AbortSignal;
  /** Aborted = this worker goes away; what changes things is left running, reads are interrupted. */
  readonly handover?: AbortSignal;
  /** Masks secrets in whatever is taken over from terraform's own text. */
  readonly redact?: (text: string) => string;
  /** Milliseconds that an interrupted read may take to end by itself before it is killed; 10,000 unless told. */
  readonly interruptGraceMs?: number;
  onProgress(progress: Progress): void;
}

export type StepName = "init" | "validate" | "plan" | "show" | "apply" | "output" | "state-pull" | "force-unlock";

/** Where a step is, from terraform's own event stream: small enough for a heartbeat. */
export interface Progress {
  readonly step: StepName;
  readonly refreshed: number;
  readonly planned: number;
  readonly started: number;
  readonly completed: number;
  readonly errored: number;
  /** Addresses now being changed, at most 20. */
  readonly in_flight: readonly string[];
  readonly waiting_for_lock: boolean;
  /** Timestamp of the last event as terraform wrote it; silence proves nothing (OpenTofu stops its heartbeat). */
  readonly last_event_at?: string;
}
