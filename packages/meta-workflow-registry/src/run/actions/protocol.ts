import type { Json, JsonSchema } from "../../definition/definition.ts";
import type { ActionRecord, Agent, Outcome, Receipt, Withdrawn } from "./action.ts";
import type { Refusal } from "./refusal.ts";

// What goes into the action book and what it answers.

/** Of one result, as JSON in UTF-8. */
export const MAX_RESULT_BYTES = 128 * 1024;
/** At once in one run. */
export const MAX_OPEN_ACTIONS = 10;
/** Of all actions that are open at once, as JSON in UTF-8; one is always opened. */
export const MAX_OPEN_BYTES = 400_000;

/** Everything that outlives a continue-as-new. */
export interface BookState {
  readonly actions: { readonly [action_id: string]: ActionRecord };
  /** Oldest first, the last 200. */
  readonly receipts: readonly Receipt[];
  /** Ended though somebody may still work on them, the last 50. Absent in runs of earlier versions. */
  readonly withdrawn?: readonly Withdrawn[];
  readonly closed?: { readonly status: string; readonly summary: string };
}

export interface BookDeps {
  /** Opaque, 128 random bits; in a durable run from its deterministic source. */
  newId(): string;
  /** Problems of a value by a schema; empty where it fits. */
  validate(schema: JsonSchema, value: Json): readonly string[];
  /** Open at once; by default 10. */
  readonly max_open?: number;
  /** Of those together; by default 400,000. */
  readonly max_open_bytes?: number;
}

export interface Submission {
  readonly action_id?: string;
  readonly attempt_id?: string;
  readonly outcome: Outcome;
  readonly result: Json;
  readonly note?: string;
  /** Of (outcome, result); computed where it is absent. */
  readonly digest?: string;
  readonly agent?: Agent;
  /** It came through a channel that a person alone has. */
  readonly person?: boolean;
}

export type SubmitAnswer =
  /** Run the server's checks, then `settle`. */
  | { readonly status: "verifying"; readonly action: ActionRecord; readonly receipt: Receipt }
  /** `failed` and `declined` end it; `blocked` and `needs_human` hand it to a person. */
  | { readonly status: "ended" | "handed_over"; readonly action: ActionRecord; readonly receipt: Receipt }
  | { readonly status: "renewed"; readonly action: ActionRecord }
  /** It was sent before: the receipt of then; `refusal` where it was rejected then. */
  | { readonly status: "replayed"; readonly receipt: Receipt; readonly refusal?: Refusal }
  | { readonly status: "refused"; readonly refusal: Refusal };

export type SettleAnswer =
  | { readonly status: "done"; readonly receipt: Receipt }
  | { readonly status: "rejected"; readonly refusal: Refusal }
  /** It was not being verified: cancelled meanwhile, or settled before. */
  | { readonly status: "gone" };

export interface Presented {
  readonly actions: readonly ActionRecord[];
  /** Held by others, or being verified. */
  readonly held: readonly ActionRecord[];
  /** What a person has to do. */
  readonly awaiting_human: readonly ActionRecord[];
}
