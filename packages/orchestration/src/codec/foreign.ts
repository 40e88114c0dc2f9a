// Sandbox-safe: no imports. Workflows, activities and clients all refuse what this marks.

const MARK = "platform-ops/foreign-payload";

/**
 * Why a payload could not be accepted: it was not sealed by us, does not open (altered, or sealed under another run's id),
 * belongs to another run by its own word, or was sealed with a key that is not here.
 */
export type ForeignReason = "plaintext" | "altered" | "other_run" | "key";

/** What stands where a payload stood that could not be accepted. */
export interface ForeignPayload {
  readonly [MARK]: ForeignReason;
}

/** The marker itself. The same payload and keys always give the same marker, so that replay agrees with the first run. */
export function foreignPayload(reason: ForeignReason): ForeignPayload {
  return { [MARK]: reason };
}

/** True for a marker: the value was not sent by anyone who holds our key for this run, and nothing may be done with it. */
export function isForeign(value: unknown): value is ForeignPayload {
  return typeof value === "object" && value !== null && Object.hasOwn(value, MARK);
}

/** Why a marker stands there. */
export function foreignReason(value: ForeignPayload): ForeignReason {
  return value[MARK];
}
