import { isOpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { refuse } from "@platform-ops/meta-workflow-registry/run";
import type { Orchestration } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import {
  QUERY_CARRIED,
  QUERY_LOOK,
  QUERY_STATE,
  UPDATE_CONTROL,
  UPDATE_NEXT,
  UPDATE_SUBMIT,
  type Asking,
  type Control,
  type Look,
  type RunAnswer,
  type RunInput,
  type Submit,
} from "../worker/run-contract.ts";
import { refusalError } from "../worker/refusal-failure.ts";
import { answered, type Message } from "./answered.ts";
import { otherServers } from "./foreign-run.ts";
import { readRun, type RunView } from "./read-run.ts";

/** The run's own wait, and what a worker may need to start. */
const ANSWER_WITHIN_MS = 30_000;

/** A run that has ended takes no messages: its end is what is said. */
async function closedOr(deps: MetaWorkflowsDeps, id: string, error: unknown): Promise<unknown> {
  if (!isOpsError(error) || (error.code !== "not_found" && error.code !== "conflict") || error.details["server"] !== undefined)
    return error;
  let view: RunView;
  try {
    view = await readRun(deps, id);
  } catch (unread) {
    // It names the id, and where to look for others.
    return isOpsError(unread) && unread.code === "not_found" ? unread : error;
  }
  if (view.end === undefined) return error;
  const { status, output, error: why } = view.end;
  return refusalError(
    refuse("RUN_CLOSED", `The run has ended: ${status}${why === undefined ? "" : `, ${why.message}`}.`, {
      details: { status: view.status, outcome: status, ...(output === undefined ? {} : { result: output }) },
    }),
  );
}

/** Messages to one run; their failures name the server that a strange run belongs to. */
export interface RunMessages {
  submit(submit: Submit, call: string): Promise<RunAnswer>;
  next(asking: Asking, call: string): Promise<RunAnswer>;
  control(control: Control, call: string): Promise<RunAnswer>;
  /** Leaves no trace. */
  look(asking: Asking): Promise<Look>;
  state(): Promise<Json>;
  /** What another execution needs to go on; also of a run that has ended, as long as Temporal knows it. */
  carried(): Promise<RunInput>;
}

/** The messages to the run of that id. `call` names the message: sent twice, it is taken once. */
export function messagesTo(deps: MetaWorkflowsDeps, id: string): RunMessages {
  const sending = <T>(message: Message, orchestration: Orchestration, send: () => Promise<T>): Promise<T> =>
    answered(deps, { message, id, orchestration, queue: async () => (await orchestration.describe(id)).task_queue, send });
  const update = async <T>(message: Message, name: string, argument: unknown, call: string): Promise<T> => {
    try {
      const orchestration = await deps.orchestration({ worker: true });
      const options = { updateId: `${name}-${call}`, timeoutMs: ANSWER_WITHIN_MS };
      return await sending(message, orchestration, () => orchestration.update<T>(id, name, argument, options));
    } catch (error) {
      throw await closedOr(deps, id, await otherServers(deps, id, error));
    }
  };
  const query = async <T>(name: string, argument?: unknown): Promise<T> => {
    try {
      const orchestration = await deps.orchestration({ worker: true });
      return await sending("look", orchestration, () => orchestration.query<T>(id, name, argument));
    } catch (error) {
      throw await closedOr(deps, id, await otherServers(deps, id, error));
    }
  };
  return {
    submit: (submit, call) => update("submit", UPDATE_SUBMIT, submit, call),
    next: (asking, call) => update("next", UPDATE_NEXT, asking, call),
    control: (control, call) => update("control", UPDATE_CONTROL, control, call),
    look: (asking) => query(QUERY_LOOK, { ...asking, now: Date.now() }),
    state: () => query(QUERY_STATE),
    carried: () => query(QUERY_CARRIED),
  };
}
