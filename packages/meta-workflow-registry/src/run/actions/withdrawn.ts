import type { ActionRecord, LateResult, Withdrawn } from "./action.ts";
import type { Submission } from "./protocol.ts";
import { refuse, type Refusal } from "./refusal.ts";

// An action may end though somebody still works on it: its step's time was up, or another branch was first. What comes of that
// work is not lost without a word: who brings it is told, and it is kept for whoever has the action if it is asked for again.

/** So many are remembered. */
const MOST = 50;

/** With this action, which somebody may still work on; one that nobody ever saw is not remembered. */
export function withWithdrawn(all: readonly Withdrawn[], { action_id, title, attempt, past_attempts, late }: ActionRecord): Withdrawn[] {
  const others = all.filter((one) => one.action_id !== action_id);
  if (attempt.holder === undefined && past_attempts.length === 0) return others;
  const kept = { action_id, title: title.slice(0, 200), attempts: [...past_attempts, attempt.id], ...(late === undefined ? {} : { late }) };
  return [...others, kept].slice(-MOST);
}

/** What a refused submission is told; where it is the work of an action that was withdrawn, it is remembered what came of it. */
export function withLate(
  all: readonly Withdrawn[],
  refusal: Refusal,
  { attempt_id, outcome, note }: Submission,
  digest: string,
  now: number,
): { readonly withdrawn: readonly Withdrawn[]; readonly refusal: Refusal } {
  const one = attempt_id === undefined ? undefined : all.find(({ attempts }) => attempts.includes(attempt_id));
  if (attempt_id === undefined || one === undefined || refusal.code !== "STALE_ATTEMPT" || outcome === "progress")
    return { withdrawn: all, refusal };
  const known = one.late?.attempt_id === attempt_id && one.late.digest === digest ? one.late : undefined;
  const late: LateResult = known ?? { attempt_id, digest, at: now, ...(note === undefined ? {} : { note }) };
  const { action_id, title } = one;
  return {
    withdrawn: known === undefined ? all.map((each) => (each === one ? { ...one, late } : each)) : all,
    refusal: refuse("STALE_ATTEMPT", `${action_id} was withdrawn before this result came: its step is over.`, {
      do_next: "Nothing takes this result any more: call next_action, and tell there what you did of it.",
      details: { action_id, title, late_result: { ...late } },
    }),
  };
}
