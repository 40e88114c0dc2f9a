import type { ActionRecord, LateResult } from "./action.ts";

// An action may end though somebody still works on it: its step's time was up, or another branch was first. What comes of that
// work is not lost without a word: who brings it is told, and it is kept for whoever has the action if it is asked for again.

/** So many are remembered. */
const MOST = 50;

export interface Withdrawn {
  readonly action_id: string;
  readonly title: string;
  /** Every attempt that held it, newest last. */
  readonly attempts: readonly string[];
  readonly late?: LateResult;
}

/** With this action, which somebody may still work on; one that nobody ever saw is not remembered. */
export function withWithdrawn(all: readonly Withdrawn[], { action_id, title, attempt, past_attempts, late }: ActionRecord): Withdrawn[] {
  const others = all.filter((one) => one.action_id !== action_id);
  if (attempt.holder === undefined && past_attempts.length === 0) return others;
  const kept = { action_id, title: title.slice(0, 200), attempts: [...past_attempts, attempt.id], ...(late === undefined ? {} : { late }) };
  return [...others, kept].slice(-MOST);
}
