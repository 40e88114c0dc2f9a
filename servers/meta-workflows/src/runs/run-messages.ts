import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { MetaWorkflowsDeps } from "../deps.ts";
import {
  QUERY_LOOK,
  QUERY_STATE,
  UPDATE_CONTROL,
  UPDATE_NEXT,
  UPDATE_SUBMIT,
  type Asking,
  type Control,
  type Look,
  type RunAnswer,
  type Submit,
} from "../worker/run-contract.ts";
import { otherServers } from "./foreign-run.ts";

/** The run's own wait, and what a worker may need to start. */
const ANSWER_WITHIN_MS = 30_000;

/** Messages to one run; their failures name the server that a strange run belongs to. */
export interface RunMessages {
  submit(submit: Submit, call: string): Promise<RunAnswer>;
  next(asking: Asking, call: string): Promise<RunAnswer>;
  control(control: Control, call: string): Promise<RunAnswer>;
  /** Leaves no trace. */
  look(asking: Asking): Promise<Look>;
  state(): Promise<Json>;
}

/** The messages to the run of that id. `call` names the message: sent twice, it is taken once. */
export function messagesTo(deps: MetaWorkflowsDeps, id: string): RunMessages {
  const update = async <T>(name: string, argument: unknown, call: string): Promise<T> => {
    try {
      const orchestration = await deps.orchestration({ worker: true });
      return await orchestration.update<T>(id, name, argument, { updateId: `${name}-${call}`, timeoutMs: ANSWER_WITHIN_MS });
    } catch (error) {
      throw await otherServers(deps, id, error);
    }
  };
  const query = async <T>(name: string, argument?: unknown): Promise<T> => {
    try {
      return await (await deps.orchestration({ worker: true })).query<T>(id, name, argument);
    } catch (error) {
      throw await otherServers(deps, id, error);
    }
  };
  return {
    submit: (submit, call) => update(UPDATE_SUBMIT, submit, call),
    next: (asking, call) => update(UPDATE_NEXT, asking, call),
    control: (control, call) => update(UPDATE_CONTROL, control, call),
    look: (asking) => query(QUERY_LOOK, { ...asking, now: Date.now() }),
    state: () => query(QUERY_STATE),
  };
}
