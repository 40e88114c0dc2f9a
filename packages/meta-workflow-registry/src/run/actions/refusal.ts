import type { Json } from "../../definition/definition.ts";

export const REFUSAL_CODES = [
  "STALE_ATTEMPT",
  "ATTEMPT_CONFLICT",
  "ACTION_AMBIGUOUS",
  "SCHEMA_INVALID",
  "CHECK_FAILED",
  "OUTCOME_UNKNOWN",
  "NOT_YOUR_ACTION",
  "AWAITING_HUMAN",
  "RUN_CLOSED",
  "LOCKED",
  "TOO_LARGE",
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Why a call of the protocol changed nothing, and what to do instead. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  /** The same call, or a corrected one, may succeed. */
  readonly retryable: boolean;
  readonly do_next: string;
  readonly details?: { readonly [name: string]: Json };
}

const FACTS: { readonly [code in RefusalCode]: { readonly retryable: boolean; readonly do_next: string } } = {
  STALE_ATTEMPT: { retryable: false, do_next: "Call next_action, and discard this attempt; do not send its result again." },
  ATTEMPT_CONFLICT: { retryable: false, do_next: "Another result was accepted for this attempt: call next_action and go on from there." },
  ACTION_AMBIGUOUS: { retryable: true, do_next: "Send it again with the action_id and attempt_id that it is for." },
  SCHEMA_INVALID: { retryable: true, do_next: "Correct the result and submit it again with the same attempt_id." },
  CHECK_FAILED: { retryable: true, do_next: "Remove the cause, then submit again with the new attempt_id." },
  OUTCOME_UNKNOWN: {
    retryable: false,
    do_next: "Do not do it again. Look for the effect_key where the work would have left it, and report what is there.",
  },
  NOT_YOUR_ACTION: { retryable: false, do_next: "Call next_action for your own work, or ask for a reassignment by control_run." },
  AWAITING_HUMAN: {
    retryable: true,
    do_next:
      "A person has it, and answers at a terminal by the subcommand answer. Where they let you try again, control_run with command release and this action_id gives it back; until then call next_action with wait_seconds, and do other work.",
  },
  RUN_CLOSED: { retryable: false, do_next: "The run is over: read its end with get_workflow_status." },
  LOCKED: { retryable: true, do_next: "Another run holds the lock: wait for it, or end it with control_run." },
  TOO_LARGE: { retryable: true, do_next: "Write it to a file or artifact, and submit a reference to it." },
};

/** A refusal with the standard advice of its code, unless a better one is given. */
export function refuse(
  code: RefusalCode,
  message: string,
  more: { readonly do_next?: string; readonly retryable?: boolean; readonly details?: { readonly [name: string]: Json } } = {},
): Refusal {
  return { code, message, ...FACTS[code], ...more };
}
