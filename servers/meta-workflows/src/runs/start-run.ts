import { hasCode, isOpsError, OpsError, type ErrorCode } from "@platform-ops/errors";
import { canonicalJson, sha256 } from "@platform-ops/ledger";
import { problemsOf, withDefaults, type Closure, type Json } from "@platform-ops/meta-workflow-registry/definition";
import type { Agent } from "@platform-ops/meta-workflow-registry/run";
import { runQueue } from "@platform-ops/orchestration";
import { ulid } from "ulid";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { DURABLE, VERSION } from "../identity.ts";
import { closureOf } from "../library/closure-of.ts";
import type { LibraryEntry } from "../library/library.ts";
import { RUN_ID_PREFIX, RUN_KIND, UPDATE_BEGIN, WORKFLOW_TYPE, type Begin, type RunAnswer, type RunInput } from "../worker/run-contract.ts";
import { startMemo } from "../worker/run-memo.ts";
import { answered } from "./answered.ts";
import { countedRuns } from "./counted-runs.ts";
import { otherServers, unlessTaken } from "./foreign-run.ts";
import { readRun } from "./read-run.ts";
import { captureEnvironment } from "./run-environment.ts";

const MOST_INPUT_BYTES = 256 * 1024;
const ANSWER_WITHIN_MS = 30_000;

/** What to start, and for whom. */
export interface StartRequest {
  readonly entry: LibraryEntry;
  readonly inputs: { readonly [name: string]: Json };
  readonly workflow_id?: string | undefined;
  readonly agent: Agent;
  readonly role?: string | undefined;
  readonly requester: string;
  /** Temporal's name of this message: the same call sent again is one. */
  readonly call: string;
}

/**
 * Starts a run, or finds the one of that id with the same definition and inputs, and says what there is to do: one round trip.
 * @throws OpsError invalid_input, definition_invalid, already_exists, limit_reached, setup_needed, …
 */
export async function startRun(deps: MetaWorkflowsDeps, request: StartRequest): Promise<{ workflow_id: string; answer: RunAnswer }> {
  const { entry, requester, agent, role } = request;
  const [input, { directory, audit }] = await Promise.all([runInput(deps, request), deps.ledger()]);
  const { digest } = input;
  const id = request.workflow_id ?? `${RUN_ID_PREFIX}${ulid().toLowerCase()}`;
  const orchestration = await deps.orchestration({ worker: true });
  await refuseTooMany(deps, orchestration);
  const taskQueue = runQueue(deps.durable, directory.id, orchestration.inUse.build);
  const begin: Begin = { agent, digest, ...(role === undefined ? {} : { role }) };
  // One line, once it is known what became of it; the end of a run has one of its own, with who asked for it.
  const told = (what: string, code?: string): Promise<void> =>
    audit
      .append({ kind: "run", actor: requester, what: entry.id, target: id, digest, outcome: what, id, ...(code !== undefined && { code }) })
      .catch((error: unknown) => deps.logger.error("the audit could not be written", { workflow_id: id, error }));
  try {
    const run = {
      type: WORKFLOW_TYPE,
      id,
      args: [input],
      memo: startMemo(input),
      attributes: { kind: RUN_KIND, server: DURABLE.name },
      taskQueue,
      summary: entry.id,
    };
    const options = { updateId: `begin-${request.call}`, timeoutMs: ANSWER_WITHIN_MS };
    const send = (): Promise<RunAnswer> => orchestration.startWithUpdate<RunAnswer>(run, UPDATE_BEGIN, begin, options);
    const asked = answered(deps, { message: "start", id, orchestration, queue: async () => taskQueue, send });
    const answer = await (request.workflow_id === undefined ? asked : unlessTaken(deps, id, asked));
    await told("started");
    return { workflow_id: id, answer };
  } catch (error) {
    const closed = hasCode(error, "already_exists") ? await closedRun(deps, id, digest) : undefined;
    if (closed !== undefined) {
      await told("found_closed");
      return { workflow_id: id, answer: closed };
    }
    const why = await refusal(deps, id, error);
    const isKnown = isOpsError(why) && !UNCONFIRMED.has(why.code);
    await told(isKnown ? "refused" : "unconfirmed", isOpsError(why) ? why.code : "unexpected");
    throw why;
  }
}

/** Failures after which the run may have begun. */
const UNCONFIRMED: ReadonlySet<ErrorCode> = new Set(["not_confirmed", "worker_missing", "temporal_unavailable", "timed_out", "unexpected"]);

/** What is said where the id is somebody else's run. */
async function refusal(deps: MetaWorkflowsDeps, id: string, error: unknown): Promise<unknown> {
  if (!hasCode(error, "already_exists")) return await otherServers(deps, id, error);
  return new OpsError("already_exists", `A run called ${id} was there before, of another definition or with other inputs.`, {
    hint: "Use another workflow_id, or look at that run with get_workflow_status.",
  });
}

/**
 * What a run begins with, checked: all definitions that it calls, and its inputs with their defaults.
 * @throws OpsError invalid_input, definition_invalid, too_large
 */
export async function runInput(
  deps: MetaWorkflowsDeps,
  { entry, inputs: given, requester }: Pick<StartRequest, "entry" | "inputs" | "requester">,
): Promise<RunInput> {
  const closure = await closureOf(deps.library, entry);
  const inputs = checkedInputs(closure, given);
  const environment = await captureEnvironment(deps, closure);
  return {
    closure,
    inputs,
    digest: sha256(canonicalJson({ closure: closure.digest, inputs })),
    requester,
    server_version: VERSION,
    answers_tell: true,
    ...(environment === undefined ? {} : { environment }),
  };
}

/** A run that has ended already, by the same definition and inputs: its end is the answer. */
async function closedRun(deps: MetaWorkflowsDeps, id: string, digest: string): Promise<RunAnswer | undefined> {
  const view = await readRun(deps, id).catch(() => undefined);
  if (view?.memo.started_with !== digest || view.end === undefined) return undefined;
  return { status: view.status, actions: [], waiting_for: [], end: view.end };
}

function checkedInputs(closure: Closure, given: StartRequest["inputs"]): { readonly [name: string]: Json } {
  const definition = closure.definitions[closure.root];
  const schema = definition?.inputs ?? {};
  const inputs = withDefaults(schema, given) as { readonly [name: string]: Json };
  const problems = problemsOf(schema, inputs);
  if (problems.length > 0)
    throw new OpsError("invalid_input", `The inputs of ${closure.root} do not fit: ${problems.join(" ")}`, {
      hint: `Its inputs: ${JSON.stringify(schema).slice(0, 1_000)}`,
      details: { problems },
    });
  if (Buffer.byteLength(JSON.stringify(inputs)) > MOST_INPUT_BYTES)
    throw new OpsError("too_large", `The inputs are larger than ${MOST_INPUT_BYTES} bytes.`, {
      hint: "Give a path or a reference instead.",
    });
  return inputs;
}

/** It refuses, it never evicts. */
export async function refuseTooMany(
  deps: MetaWorkflowsDeps,
  orchestration: Awaited<ReturnType<MetaWorkflowsDeps["orchestration"]>>,
): Promise<void> {
  const { max_pending_actions } = deps.config.settings.meta_workflows;
  const open = await countedRuns(orchestration).begin();
  if (open >= max_pending_actions)
    throw new OpsError(
      "limit_reached",
      `${open} runs are open; max_pending_actions allows ${max_pending_actions}. Nothing was started, and nothing was taken away.`,
      {
        hint: "list_runs shows them: finish or cancel one, or raise meta_workflows.max_pending_actions (MAX_PENDING_ACTIONS).",
      },
    );
}
