import type { ActionRecord, Agent, Receipt } from "./action.ts";
import type { BookState, Submission } from "./protocol.ts";
import { refuse, type Refusal } from "./refusal.ts";

type Target =
  | { readonly kind: "action"; readonly record: ActionRecord }
  | { readonly kind: "replay"; readonly receipt: Receipt }
  /** It lost its lease: what it did is remembered for the new holder. */
  | { readonly kind: "late"; readonly record: ActionRecord; readonly refusal: Refusal }
  | { readonly kind: "refused"; readonly refusal: Refusal };

/** True where the action is not over. */
export function isLive({ state }: ActionRecord): boolean {
  return state !== "done" && state !== "cancelled";
}

/** True where no agent may answer; a question to a person may be relayed by an agent. */
export function isPersonsOnly({ executor, type, state }: ActionRecord): boolean {
  return state === "needs_human" || (executor === "human" && type !== "ask");
}

/** True where another agent's lease has not run out. */
export function isHeldByOther({ state, attempt }: ActionRecord, agent: Agent, now: number): boolean {
  return state === "leased" && !isSame(attempt.holder, agent) && (attempt.expires_at === undefined || attempt.expires_at > now);
}

/** An agent and the one that it works for are one. */
function isSame(holder: Agent | undefined, agent: Agent): boolean {
  return holder === undefined || holder.id === agent.id || holder.parent === agent.id || agent.parent === holder.id;
}

/** Refusal for an action that another agent holds. */
export function heldRefusal({ action_id, attempt }: ActionRecord): Refusal {
  return refuse("NOT_YOUR_ACTION", `${action_id} is held by ${attempt.holder?.id ?? "another agent"}.`, {
    details: attempt.expires_at === undefined ? {} : { expires_at: new Date(attempt.expires_at).toISOString() },
  });
}

/** Which action a submission is for, or why it is for none. */
export function findTarget(
  actions: ReadonlyMap<string, ActionRecord>,
  receipts: readonly Receipt[],
  closed: BookState["closed"],
  submission: Submission,
  digest: string,
  now: number,
): Target {
  const { attempt_id, action_id } = submission;
  const isProgress = submission.outcome === "progress";
  const earlier = attempt_id === undefined ? undefined : receipts.findLast((one) => one.attempt_id === attempt_id);
  if (earlier?.digest === digest && (action_id === undefined || action_id === earlier.action_id))
    return { kind: "replay", receipt: earlier };
  if (closed !== undefined) return refused("RUN_CLOSED", `The run is ${closed.status}: ${closed.summary}`);
  if (earlier !== undefined)
    return earlier.verdict === "rejected" || isProgress
      ? refused("STALE_ATTEMPT", `The attempt ${attempt_id} is over.`)
      : refused("ATTEMPT_CONFLICT", `Another result of ${earlier.action_id} was submitted by this attempt.`);
  const live = [...actions.values()].filter(isLive);
  if (attempt_id !== undefined) return byAttempt(live, { ...submission, attempt_id }, now);
  if (action_id !== undefined) return byAction(live, receipts, submission, action_id, digest, now);
  return byBeingTheOnlyOne(live, receipts, submission, digest, now);
}

function byAttempt(live: readonly ActionRecord[], submission: Submission & { attempt_id: string }, now: number): Target {
  const { attempt_id, action_id } = submission;
  const record = live.find((one) => one.attempt.id === attempt_id);
  if (record !== undefined) {
    if (action_id !== undefined && action_id !== record.action_id)
      return refused("ACTION_AMBIGUOUS", `The attempt ${attempt_id} belongs to ${record.action_id}, not to ${action_id}.`);
    return permitted(record, submission, now);
  }
  const lost = live.find(({ past_attempts }) => past_attempts.includes(attempt_id));
  const refusal = refuse("STALE_ATTEMPT", `The attempt ${attempt_id} does not hold its action any more.`);
  return lost === undefined || submission.outcome === "progress" ? { kind: "refused", refusal } : { kind: "late", record: lost, refusal };
}

function byAction(
  live: readonly ActionRecord[],
  receipts: readonly Receipt[],
  submission: Submission,
  action_id: string,
  digest: string,
  now: number,
): Target {
  const record = live.find((one) => one.action_id === action_id);
  const earlier = receipts.findLast((one) => one.action_id === action_id);
  if (earlier?.digest === digest && (record === undefined || record.state === "verifying")) return { kind: "replay", receipt: earlier };
  if (record === undefined)
    return earlier === undefined
      ? refused("STALE_ATTEMPT", `No action ${action_id} is open.`)
      : refused("ATTEMPT_CONFLICT", `Another result of ${action_id} was accepted.`);
  if (record.presented_anew && submission.person !== true) return needsAttempt(record, "was presented more than once");
  return permitted(record, submission, now);
}

function byBeingTheOnlyOne(
  live: readonly ActionRecord[],
  receipts: readonly Receipt[],
  submission: Submission,
  digest: string,
  now: number,
): Target {
  const [first, ...others] = live;
  if (first === undefined) {
    const last = receipts.at(-1);
    return last?.digest === digest ? { kind: "replay", receipt: last } : refused("STALE_ATTEMPT", "No action is open.");
  }
  if (others.length > 0) {
    const open = live.map(({ action_id, attempt, title }) => ({ action_id, attempt_id: attempt.id, title }));
    return refused("ACTION_AMBIGUOUS", `${live.length} actions are open: say which one the result is for.`, { open });
  }
  if (first.presented_anew && submission.person !== true && !isPersonsOnly(first))
    return needsAttempt(first, "was presented more than once");
  if (first.state === "verifying" && first.receipt?.digest === digest) return { kind: "replay", receipt: first.receipt };
  return permitted(first, submission, now);
}

function permitted(record: ActionRecord, submission: Submission, now: number): Target {
  const { agent, person } = submission;
  if (record.state === "verifying") return refused("ATTEMPT_CONFLICT", `Another result of ${record.action_id} is being checked.`);
  if (person === true) return { kind: "action", record };
  if (isPersonsOnly(record)) return refused("AWAITING_HUMAN", `A person has to do ${record.action_id}.`);
  if (agent !== undefined && submission.attempt_id === undefined && isHeldByOther(record, agent, now))
    return refused("NOT_YOUR_ACTION", `${record.action_id} is held by ${record.attempt.holder?.id}.`);
  if (agent !== undefined && submission.attempt_id !== undefined && !isSame(record.attempt.holder, agent))
    return refused("NOT_YOUR_ACTION", `${record.action_id} is held by ${record.attempt.holder?.id}.`);
  return { kind: "action", record };
}

function needsAttempt(record: ActionRecord, why: string): Target {
  const { action_id, attempt } = record;
  return refused("ACTION_AMBIGUOUS", `${action_id} ${why}: name the attempt_id that the result is of.`, {
    open: [{ action_id, attempt_id: attempt.id, title: record.title }],
  });
}

function refused(code: Parameters<typeof refuse>[0], message: string, details?: Refusal["details"]): Target {
  return { kind: "refused", refusal: refuse(code, message, details === undefined ? {} : { details }) };
}
