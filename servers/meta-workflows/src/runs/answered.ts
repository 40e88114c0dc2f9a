import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Orchestration } from "@platform-ops/orchestration";
import type { MetaWorkflowsDeps } from "../deps.ts";
import { IDENTITY } from "../identity.ts";

/** What is sent to a run. */
export type Message = "start" | "submit" | "control" | "next" | "look";

/** What became of it, and what to do once there is a worker. */
const WORDS: { readonly [message in Message]: { readonly sent: string; readonly then: string } } = {
  start: { sent: "The run is started, and nothing of it is carried out yet", then: "call start_workflow again with" },
  submit: {
    sent: "The result was sent, and nobody took it yet",
    then: "call submit_result again with the same result, action_id and attempt_id (it is taken once), for",
  },
  control: {
    sent: "The command was sent, and nobody carried it out yet",
    then: "look with get_workflow_status, and call control_run again where it was not carried out, for",
  },
  next: { sent: "Nobody gave work out yet", then: "call next_action again for" },
  look: { sent: "Nobody could be asked about the run", then: "call again for" },
};
/** Milliseconds without an answer after which it is looked whether anybody is there who could give one. */
const PATIENCE_MS = 2_000;

/** A message to a run, and where a worker would take it. */
export interface Sending<T> {
  readonly message: Message;
  readonly id: string;
  readonly orchestration: Orchestration;
  /** The task queue of the run. */
  queue(): Promise<string>;
  send(): Promise<T>;
}

/**
 * What a run answers. Where no answer comes, it is said in the words of what was sent whether a worker is there that could give
 * one, and how one is started; where others run the workers, that is found out after two seconds, not when the time is over.
 * @throws OpsError worker_missing, not_confirmed, and what was thrown else
 */
export async function answered<T>(deps: MetaWorkflowsDeps, sending: Sending<T>): Promise<T> {
  const answer = sending.send();
  if (deps.config.settings.temporal.workers !== "external") return answer.catch((error: unknown) => reworded(deps, sending, error));
  let timer: NodeJS.Timeout | undefined;
  const nobody = new Promise<never>((_, reject) => {
    timer = setInterval(() => void missing(deps, sending).then((error) => (error === undefined ? undefined : reject(error))), PATIENCE_MS);
    timer.unref();
  });
  try {
    return await Promise.race([answer, nobody]);
  } catch (error) {
    // The one that lost the race may still fail, and nobody waits for it.
    answer.catch(() => undefined);
    return await reworded(deps, sending, error);
  } finally {
    clearInterval(timer);
  }
}

const UNANSWERED = new Set(["not_confirmed", "temporal_unavailable", "timed_out"]);

async function reworded<T>(deps: MetaWorkflowsDeps, sending: Sending<T>, error: unknown): Promise<never> {
  if (!isOpsError(error) || !UNANSWERED.has(error.code)) throw error;
  const none = await missing(deps, sending);
  if (none !== undefined) throw none;
  if (error.code !== "not_confirmed") throw error;
  const { sent, then } = WORDS[sending.message];
  throw new OpsError("not_confirmed", `${sent}, or its answer was lost: a worker lives, and none came in time.`, {
    hint: `In a moment, ${then} workflow_id ${sending.id}.`,
    cause: error,
  });
}

/** The failure that says that no worker is there; nothing where one is, or where it cannot be found out. */
async function missing<T>({ config }: MetaWorkflowsDeps, { message, id, orchestration, queue }: Sending<T>): Promise<OpsError | undefined> {
  try {
    const name = await queue();
    if (await orchestration.hasWorker(name)) return undefined;
    const { sent, then } = WORDS[message];
    const { address, namespace } = orchestration.inUse;
    const start =
      config.settings.temporal.workers === "external"
        ? `Start a worker where the steps are to be carried out: ${IDENTITY.bin} worker.`
        : `See why none lives: ${IDENTITY.bin} doctor. By hand it is started with: ${IDENTITY.bin} worker.`;
    return new OpsError("worker_missing", `${sent}: no worker polls the task queue ${name} (namespace ${namespace}, ${address}).`, {
      hint: `${start} Then ${then} workflow_id ${id}.`,
    });
  } catch {
    return undefined;
  }
}
