/** ok · warn: works, but a person should know · missing: needed and not there · broken: there and of no use. */
export type CheckStatus = "ok" | "warn" | "missing" | "broken";

/** One needed part, as found. */
export interface Check {
  /** What programs know it by; stable. */
  readonly id: string;
  /** What people read. */
  readonly name: string;
  readonly status: CheckStatus;
  readonly found?: string;
  readonly version?: string;
  readonly path?: string;
  readonly wanted?: string;
  /** What a person does about it; there wherever the status is not ok. */
  readonly cure?: string;
  /** What `--fix` can do about it. */
  readonly mend?: Mend;
}

/** Something that can be mended without a person's knowledge of the case. Parts that one act mends share its words. */
export interface Mend {
  /** As a question is put: "Install Temporal 1.5.1". */
  readonly what: string;
  run(say: (line: string) => void): Promise<void>;
}

/** Whether a needed part is not there or of no use. */
export function isFault({ status }: Pick<Check, "status">): boolean {
  return status === "missing" || status === "broken";
}

/** The id of the check that is broken where settings are wrong. */
export const SETTINGS_CHECK = "config";
