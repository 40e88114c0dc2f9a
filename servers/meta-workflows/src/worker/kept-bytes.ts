import { OpsError } from "@platform-ops/errors";
import {
  ALWAYS_KEPT_BYTES,
  jsonBytes,
  MAX_KEPT_BYTES,
  MAX_OPEN_BYTES,
  type BookState,
  type Journal,
} from "@platform-ops/meta-workflow-registry/run";
import type { RunInput } from "./run-contract.ts";

/**
 * What one message may be, in bytes of JSON: Temporal takes 2 MiB at a time, sealed. A run is carried on in one message, and its
 * end is told in one, with its output and its state; a run that cannot send what it has would stand still for ever.
 */
export const MOST_IN_A_MESSAGE = 1_950_000;
/** Of timeline, receipts, events and all else that is bounded by itself. */
const REST = 350_000;

/** How much of its steps, and of open actions, a run may keep: less where its definitions or inputs are large. */
export function mostKept({ closure, inputs }: Pick<RunInput, "closure" | "inputs">): { readonly steps: number; readonly open: number } {
  const spare = Math.max(300_000, MOST_IN_A_MESSAGE - REST - bytesOf(closure) - bytesOf(inputs));
  const open = Math.min(MAX_OPEN_BYTES, Math.floor(spare * 0.4));
  return { open, steps: Math.min(MAX_KEPT_BYTES, Math.floor((spare - open) / 1.1)) };
}

/** For how many bytes there is room besides what the run keeps; never less than what is always taken. */
export function roomLeft(most: number, journal: Journal, { actions }: BookState): number {
  return Math.max(ALWAYS_KEPT_BYTES, most - bytesOf(journal) - bytesOf(actions));
}

/** Bytes of a value as JSON in UTF-8. */
export function bytesOf(value: unknown): number {
  return jsonBytes(value, 8 * MOST_IN_A_MESSAGE);
}

/** The first of these that is no larger than a message; the last one, whatever it is, where none is. */
export function fitting<T>(...candidates: readonly (() => T)[]): T {
  let made: T | undefined;
  for (const candidate of candidates) {
    made = candidate();
    if (jsonBytes(made, MOST_IN_A_MESSAGE) <= MOST_IN_A_MESSAGE) break;
  }
  return made as T;
}

/** What an agent is told whose result does not fit. */
export function tooMuchKept(most: number): OpsError {
  return new OpsError("too_large", `With this result the run would keep more than ${most} bytes.`, {
    hint: `Write it to a file, and submit a summary with the file's path; up to ${ALWAYS_KEPT_BYTES} bytes are always taken.`,
  });
}
