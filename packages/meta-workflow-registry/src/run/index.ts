// Carrying definitions out. May be loaded in workflow code: no modules of node, no parsers, nothing that is not deterministic.
export type {
  ActionDraft,
  ActionRecord,
  ActionResult,
  ActionState,
  Agent,
  Attempt,
  Executor,
  LateResult,
  Outcome,
  Receipt,
  Verdict,
  Verify,
} from "./actions/action.ts";
export { ActionBook } from "./actions/action-book.ts";
export { ActionDesk, type DeskAnswer } from "./actions/action-desk.ts";
export { problemsOf } from "../definition/validate-value.ts";
export type { ApprovalDecision, ApprovalDraft } from "./approval.ts";
export { MAX_MESSAGE, type Completion, type Failure, type RunEnd, type RunStatus } from "./completion.ts";
export { effectKey } from "./effect-key.ts";
export { interpret, Run, type RunOptions } from "./interpret.ts";
export { emptyJournal, type Journal, type StepRecord, type Undo } from "./journal.ts";
export { EventInbox, MAX_EVENT_BYTES, type KeptEvent } from "./event-inbox.ts";
export type { CallOptions, CallOutcome, EventWait, LockAnswer, LockDraft, Ports, ServerCall, TimelineEvent } from "./ports.ts";
export {
  MAX_OPEN_ACTIONS,
  MAX_OPEN_BYTES,
  MAX_RESULT_BYTES,
  type BookDeps,
  type BookState,
  type Presented,
  type SettleAnswer,
  type Submission,
  type SubmitAnswer,
} from "./actions/protocol.ts";
export { refuse, REFUSAL_CODES, type Refusal, type RefusalCode } from "./actions/refusal.ts";
export { resultDigest } from "./actions/result-digest.ts";
export { retryFrom, type Retried } from "./retry-from.ts";
export { RunScope } from "./scope.ts";
export { ALWAYS_KEPT_BYTES, cut, jsonBytes, MAX_KEPT_BYTES } from "./value-bounds.ts";
