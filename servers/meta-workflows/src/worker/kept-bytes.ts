import { OpsError } from "@platform-ops/errors";
import type { BookState, Journal } from "@platform-ops/meta-workflow-registry/run";

/**
 * What a run may keep, in bytes of JSON. It is carried on in one message, and its end is told in one, with its output and its
 * state: Temporal takes 2 MiB at a time, and a run that cannot send what it has would stand still for ever.
 */
const MOST_KEPT_BYTES = 1_000_000;
/** Always taken: a summary, a path, a yes. */
const ALWAYS_TAKEN_BYTES = 2_000;

/** For how many bytes there is room besides what the run keeps; never less than what is always taken. */
export function roomLeft(journal: Journal, { actions }: BookState): number {
  return Math.max(ALWAYS_TAKEN_BYTES, MOST_KEPT_BYTES - bytesOf(journal) - bytesOf(actions));
}

/** Bytes of a value as JSON in UTF-8. */
export function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value) ?? "").length;
}

/** What an agent is told whose result does not fit. */
export function tooMuchKept(): OpsError {
  return new OpsError("too_large", `With this result the run would keep more than ${MOST_KEPT_BYTES} bytes.`, {
    hint: `Write it to a file, and submit a summary with the file's path; up to ${ALWAYS_TAKEN_BYTES} bytes are always taken.`,
  });
}
