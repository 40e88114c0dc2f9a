import type { ActionRecord, Agent, Attempt } from "./action.ts";

/** So many are remembered of one action. */
const PAST_ATTEMPTS = 20;

/** The action's next attempt; whoever held the one before is fenced off. */
export function nextAttempt(
  record: ActionRecord,
  id: string,
  lease: Partial<Attempt>,
): Pick<ActionRecord, "attempt" | "past_attempts" | "presented_anew"> {
  return {
    attempt: { id, number: record.attempt.number + 1, ...lease },
    past_attempts: [...record.past_attempts, record.attempt.id].slice(-PAST_ATTEMPTS),
    presented_anew: true,
  };
}

/** The action as this agent holds it: the same attempt where it is free or the agent's already. */
export function leased(record: ActionRecord, agent: Agent, now: number, newId: () => string): ActionRecord {
  const lease = { holder: agent, expires_at: now + record.lease_ms };
  const { holder } = record.attempt;
  const isSame = holder === undefined || holder.id === agent.id;
  const attempt = isSame ? { attempt: { ...record.attempt, ...lease } } : nextAttempt(record, newId(), lease);
  return { ...record, ...attempt, state: "leased" };
}

/** The action after a sign of life: its lease begins anew. */
export function renewed(record: ActionRecord, agent: Agent | undefined, now: number): ActionRecord {
  const holder = record.attempt.holder ?? agent;
  if (holder === undefined) return record;
  return { ...record, state: "leased", attempt: { ...record.attempt, holder, expires_at: now + record.lease_ms } };
}
