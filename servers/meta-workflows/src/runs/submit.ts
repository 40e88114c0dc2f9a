import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { MAX_RESULT_BYTES, resultDigest } from "@platform-ops/meta-workflow-registry/run";
import type { MetaWorkflowsDeps } from "../deps.ts";
import type { RunAnswer, Submit } from "../worker/run-contract.ts";
import { statusOf } from "../worker/run-memo.ts";
import { readJsonText } from "./json-text.ts";
import { readReport } from "./read-run.ts";
import { messagesTo } from "./run-messages.ts";

/** Above it nothing is kept: a result is not a place for files. */
const MOST_BYTES = 4_000_000;

/**
 * Sends a result. One that is too large for a history goes to the artifact store, and the run gets a reference to it; a text that
 * is JSON is taken as what it holds, where only that fits.
 * @throws OpsError too_large, schema_invalid, stale_attempt, …
 */
export async function submitResult(deps: MetaWorkflowsDeps, id: string, submit: Submit, call: string): Promise<RunAnswer> {
  const sent = { ...submit, result: await withinBounds(deps, submit.result) };
  const messages = messagesTo(deps, id);
  try {
    return await messages.submit(sent, call);
  } catch (error) {
    const replayed = isOpsError(error) && error.code === "run_closed" ? await receiptOf(deps, id, sent) : undefined;
    if (replayed !== undefined) return replayed;
    if (!isOpsError(error) || error.code !== "schema_invalid") throw error;
    const parsed = parsedText(submit.result);
    if (parsed === undefined && sent.result !== submit.result)
      throw tooLarge(submit.result, "what would stand for it does not fit the action's schema");
    if (parsed === undefined) throw error;
    return await messages.submit({ ...sent, result: parsed }, `${call}-parsed`);
  }
}

/** A result that was taken before the run ended, and is sent again: what it came to then. */
async function receiptOf(
  deps: MetaWorkflowsDeps,
  id: string,
  { outcome, result, action_id, attempt_id }: Submit,
): Promise<RunAnswer | undefined> {
  const report = await readReport(await deps.ledger(), id);
  const digest = resultDigest(outcome, result);
  const receipt = report?.receipts.findLast(
    (one) =>
      one.digest === digest &&
      one.verdict === "accepted" &&
      (attempt_id === undefined || one.attempt_id === attempt_id) &&
      (action_id === undefined || one.action_id === action_id),
  );
  if (report === undefined || receipt === undefined) return undefined;
  return {
    status: statusOf(report.end, false),
    actions: [],
    waiting_for: [],
    end: report.end,
    receipt: { action_id: receipt.action_id, attempt_id: receipt.attempt_id, digest, replayed: true },
  };
}

async function withinBounds(deps: MetaWorkflowsDeps, result: Json): Promise<Json> {
  const text = JSON.stringify(result);
  const bytes = Buffer.byteLength(text);
  if (bytes <= MAX_RESULT_BYTES) return result;
  if (bytes > MOST_BYTES) throw tooLarge(result, `at most ${MOST_BYTES} are ever taken`);
  const { artifacts } = await deps.ledger();
  return { artifact: await artifacts.put(text, { kind: "agent_result" }), bytes, truncated: true };
}

function tooLarge(result: Json, why: string): OpsError {
  const bytes = Buffer.byteLength(JSON.stringify(result));
  return new OpsError("too_large", `The result takes ${bytes} bytes; above ${MAX_RESULT_BYTES} a run gets a reference to it, and ${why}.`, {
    hint: "Write it to a file, and submit a summary with the file's path.",
  });
}

function parsedText(result: Json): Json | undefined {
  return typeof result === "string" && /^\s*[{[]/.test(result) ? readJsonText(result, "result") : undefined;
}
