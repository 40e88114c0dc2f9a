import type { ActionRecord } from "@platform-ops/meta-workflow-registry/run";
import type { LockWait } from "./durable-locks.ts";
import type { OpenApproval, WaitingFor } from "./run-contract.ts";

/** What a run waits for besides the actions that are shown: people, other agents, other runs, the server's own calls, time. */
export function waitingFor(
  others: readonly ActionRecord[],
  approvals: readonly OpenApproval[],
  timers: readonly { readonly title: string; readonly until: number }[],
  isCalling: boolean,
  locks: readonly LockWait[],
  events: readonly string[],
): WaitingFor[] {
  return [
    ...approvals.map(({ id, title, expires_at }): WaitingFor => ({ kind: "approval", title, approval: id, until: expires_at })),
    ...others.map(ofAction),
    ...locks.map(({ name, by }): WaitingFor => ({
      kind: "lock",
      title: name,
      ...(by === undefined ? {} : { holder: by.run, since: by.since }),
    })),
    ...(isCalling ? [{ kind: "server", title: "the server works on a step" } as const] : []),
    ...events.map((name): WaitingFor => ({ kind: "event", title: name })),
    ...timers.map(({ title, until }): WaitingFor => ({ kind: "time", title, until: new Date(until).toISOString() })),
  ];
}

function ofAction({ action_id, title, role, executor, state, attempt, deadline_at }: ActionRecord): WaitingFor {
  const isPersons = executor === "human" || state === "needs_human";
  return {
    kind: isPersons ? "human" : state === "verifying" ? "server" : "agent",
    title,
    action_id,
    ...(role === undefined ? {} : { role }),
    ...(attempt.holder === undefined ? {} : { holder: attempt.holder.id }),
    ...(deadline_at === undefined ? {} : { until: new Date(deadline_at).toISOString() }),
  };
}
