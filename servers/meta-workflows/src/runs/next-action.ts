import { setTimeout as sleep } from "node:timers/promises";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE } from "../identity.ts";
import type { Asking, RunAnswer } from "../worker/run-contract.ts";
import { toldOf } from "./read-run.ts";
import { messagesTo } from "./run-messages.ts";

const POLL_MS = 400;
const MOST_RUNS = 200;

/** What to look for, and until when. */
export interface NextRequest extends Asking {
  readonly workflow_id?: string | undefined;
  readonly waitMs: number;
  readonly call: string;
  readonly signal: AbortSignal;
}

/**
 * Waits for something to do. Looking leaves no trace in a history; only taking an action over does, and renewing its lease when
 * half of it has passed. Without a run's id all open runs are looked at. Undefined where there is no run at all.
 */
export async function nextAction(
  deps: MetaWorkflowsDeps,
  request: NextRequest,
): Promise<{ readonly workflow_id: string; readonly answer: RunAnswer } | undefined> {
  const until = Date.now() + request.waitMs;
  for (;;) {
    const began = Date.now();
    const found =
      request.workflow_id === undefined
        ? await inSomeRun(deps, request)
        : { workflow_id: request.workflow_id, answer: await inRun(deps, request.workflow_id, request) };
    if (found !== undefined && (found.answer.actions.length > 0 || found.answer.end !== undefined)) return found;
    const left = until - Date.now();
    if (left <= 0 || request.signal.aborted) return found;
    // Where many runs are looked at, a look takes longer: most of the time is not spent on looking.
    const pause = Math.max(POLL_MS, 3 * (Date.now() - began));
    await sleep(Math.min(pause, left), undefined, { signal: request.signal }).catch(() => undefined);
  }
}

async function inRun(deps: MetaWorkflowsDeps, id: string, { agent, role, limit, call }: NextRequest): Promise<RunAnswer> {
  const messages = messagesTo(deps, id);
  const asking = { agent, ...(role === undefined ? {} : { role }), ...(limit === undefined ? {} : { limit }) };
  const { changes, held: _, ...answer } = await messages.look(asking);
  return changes ? await messages.next(asking, `${call}-${Date.now().toString(36)}`) : answer;
}

async function inSomeRun(deps: MetaWorkflowsDeps, request: NextRequest): Promise<{ workflow_id: string; answer: RunAnswer } | undefined> {
  const orchestration = await deps.orchestration({ worker: false });
  const { runs } = await orchestration.list({ server: DURABLE.name, open: true, limit: MOST_RUNS });
  const { role } = request;
  const told = await Promise.all(runs.map(async (run) => ({ run, memo: await toldOf(run, deps) })));
  for (const { run, memo } of told) {
    const { open, status } = memo;
    if (status !== "pending_action" || !open.some((action) => role === undefined || action.role === undefined || action.role === role))
      continue;
    const answer = await inRun(deps, run.workflow_id, request).catch(() => undefined);
    if (answer !== undefined && answer.actions.length > 0) return { workflow_id: run.workflow_id, answer };
  }
  return undefined;
}
