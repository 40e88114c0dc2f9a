import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord, LateResult } from "@platform-ops/meta-workflow-registry/run";

/** An action as an agent sees it; the first six fields are the source's. */
export interface ActionView {
  readonly type: ActionRecord["type"];
  readonly step_id: string;
  readonly parameters: { readonly [name: string]: Json };
  /** Seconds until the lease ends. */
  readonly timeout: number;
  /** ISO 8601. */
  readonly created_at: string;
  readonly retry_count: number;
  readonly action_id: string;
  readonly attempt: { readonly id: string; readonly number: number; readonly max: number };
  readonly effect_key: string;
  readonly executor: ActionRecord["executor"];
  readonly role?: string;
  readonly title: string;
  readonly instructions: string;
  readonly context?: ActionRecord["context"];
  readonly result_schema: ActionRecord["result_schema"];
  readonly accept?: readonly string[];
  readonly evidence?: readonly string[];
  readonly lease?: { readonly holder: string; readonly expires_at: string; readonly renew_before: string };
  readonly deadline?: string;
  /** What was wrong with the last attempt. */
  readonly last_failure?: readonly string[];
  readonly late_result?: LateResult;
  readonly do_next: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** What an agent needs of an action, and nothing of the steps that follow. */
export function viewAction(workflowId: string, record: ActionRecord): ActionView {
  const { attempt, lease_ms } = record;
  const named = record.presented_anew ? { action_id: record.action_id, attempt_id: attempt.id } : {};
  const call = { workflow_id: workflowId, ...named, result: "…" };
  const failure = record.failures.at(-1);
  return {
    type: record.type,
    step_id: record.step_id,
    parameters: record.parameters,
    timeout: Math.round(lease_ms / 1_000),
    created_at: iso(record.created_at),
    retry_count: record.failures.length,
    action_id: record.action_id,
    attempt: { id: attempt.id, number: attempt.number, max: record.max_attempts },
    effect_key: record.effect_key,
    executor: record.executor,
    ...(record.role === undefined ? {} : { role: record.role }),
    title: record.title,
    instructions: record.instructions,
    ...(record.context.length === 0 ? {} : { context: record.context }),
    result_schema: record.result_schema,
    ...(record.accept.length === 0 ? {} : { accept: record.accept }),
    ...(record.evidence.length === 0 ? {} : { evidence: record.evidence }),
    ...(attempt.holder === undefined || attempt.expires_at === undefined
      ? {}
      : {
          lease: {
            holder: attempt.holder.id,
            expires_at: iso(attempt.expires_at),
            renew_before: iso(attempt.expires_at - lease_ms / 2),
          },
        }),
    ...(record.deadline_at === undefined ? {} : { deadline: iso(record.deadline_at) }),
    ...(failure === undefined ? {} : { last_failure: failure.say }),
    ...(record.late === undefined ? {} : { late_result: record.late }),
    do_next: `submit_result ${JSON.stringify(call)}`,
  };
}
