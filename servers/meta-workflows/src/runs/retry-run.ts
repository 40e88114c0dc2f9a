import { hasCode, OpsError } from "@platform-ops/errors";
import { retryFrom, type Agent } from "@platform-ops/meta-workflow-registry/run";
import { runQueue } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE } from "../identity.ts";
import { RUN_KIND, WORKFLOW_TYPE, type RunAnswer, type RunInput } from "../worker/run-contract.ts";
import { startMemo } from "../worker/run-memo.ts";
import { readRun } from "./read-run.ts";
import { messagesTo } from "./run-messages.ts";
import { refuseTooMany } from "./start-run.ts";

/** What a run that has ended may need for its report. */
const CLOSES_WITHIN_MS = 20_000;

export interface RetryRequest {
  readonly workflow_id: string;
  /** A step of the definition's own list, or the path of one that failed in it. */
  readonly step: string | undefined;
  readonly by: string;
  readonly reason: string | undefined;
  readonly agent: Agent;
  /** Temporal's name of this message. */
  readonly call: string;
}

/**
 * Takes up again a run that failed, or was cancelled with nothing undone, under its own id: what was done stays, and who asked is
 * on record.
 * @throws OpsError not_found, conflict, invalid_input with the steps that are accepted, limit_reached
 */
export async function retryRun(deps: MetaWorkflowsDeps, request: RetryRequest): Promise<RunAnswer> {
  const { workflow_id: id, by, agent, call } = request;
  const [{ end }, { directory, audit }] = await Promise.all([readRun(deps, id), deps.ledger()]);
  if (end === undefined)
    throw new OpsError(
      "conflict",
      `${id} is open: only a run that failed or was cancelled is taken up again, since what an open one does would go on beside it.`,
      {
        hint: "Cancel it first (control_run cancel, with no compensate), or go on with next_action.",
      },
    );
  const messages = messagesTo(deps, id);
  const ended = await messages.carried();
  const undone = ended.carried?.journal.cancel === "compensate";
  if (undone || (end.status !== "failed" && end.status !== "cancelled"))
    throw new OpsError("conflict", `${id} has ended: ${end.status}${undone ? ", undone" : ""}. It is not taken up again.`, {
      hint: "Start a new run with start_workflow.",
    });
  const next = takenUp(ended, request);
  const orchestration = await deps.orchestration({ worker: true });
  await refuseTooMany(deps, orchestration);
  // Its end was told before its report was written: only a closed run leaves its id to another execution.
  await orchestration.result(id, AbortSignal.timeout(CLOSES_WITHIN_MS)).catch(() => undefined);
  try {
    await orchestration.start({
      type: WORKFLOW_TYPE,
      id,
      args: [next],
      memo: startMemo(next),
      attributes: { kind: RUN_KIND, server: DURABLE.name },
      taskQueue: runQueue(deps.durable, directory.id, orchestration.inUse.build),
      summary: next.closure.root,
    });
  } catch (error) {
    if (!hasCode(error, "already_exists")) throw error;
    throw new OpsError("conflict", `${id} was taken up again by somebody else.`, { hint: "Go on with next_action." });
  }
  await audit.append({
    kind: "run",
    actor: by,
    what: `retry_from ${request.step}`,
    target: id,
    digest: next.digest,
    outcome: "taken_up",
    id,
  });
  return await messages.next({ agent }, call);
}

function takenUp(ended: RunInput, { step, by, reason }: RetryRequest): RunInput {
  const { closure, carried } = ended;
  const definition = closure.definitions[closure.root];
  if (carried === undefined || definition === undefined) throw new OpsError("unexpected", "The run says nothing of its steps.");
  const now = Date.now();
  const retried = retryFrom(carried.journal, definition, step ?? "", now);
  if ("accepted" in retried)
    throw new OpsError(
      "invalid_input",
      step === undefined ? "retry_from needs step." : `The run cannot be taken up from ${JSON.stringify(step)}.`,
      {
        hint: `Accepted: ${retried.accepted.join(", ")}. Earlier steps have effects that nobody could look for. Of a step that holds others, those are accepted that failed in it: all of it that was not done goes on.`,
        details: { accepted: retried.accepted },
      },
    );
  const { closed: _, ...book } = carried.book;
  const { pause: __, ...kept } = carried;
  const text = `retry_from ${step} by ${by}${reason === undefined ? "" : `: ${reason}`}`;
  return {
    ...ended,
    carried: {
      ...kept,
      journal: retried.journal,
      book: { ...book, actions: {} },
      timeline: [...carried.timeline, { at: now, path: "", what: "warned", text }],
      paused: false,
      approvals: {},
      taken_up_at: now,
    },
  };
}
