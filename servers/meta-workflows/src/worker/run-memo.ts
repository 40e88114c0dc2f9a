import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { ActionRecord, Journal, RunEnd } from "@platform-ops/meta-workflow-registry/run";
import type { Pause, RunInput, RunMemo, Status, WaitingFor } from "./run-contract.ts";

/** Key of the memo. */
export const MEMO_KEY = "meta_workflow";

/** What is known of a run, from which its memo is made. */
export interface RunFacts {
  readonly journal: Journal;
  readonly actions: readonly ActionRecord[];
  readonly waiting_for: readonly WaitingFor[];
  readonly paused: boolean;
  readonly pause?: Pause | undefined;
  readonly simulated: boolean;
  readonly end?: RunEnd | undefined;
}

/** The status in the source's words; `pending_action`: an agent can go on. */
export function statusOf(end: RunEnd | undefined, hasAction: boolean): Status {
  if (end === undefined) return hasAction ? "pending_action" : "running";
  if (end.status === "completed") return "completed";
  // A person who said no is no failure.
  return end.status === "cancelled" || end.status === "declined" ? "cancelled" : "failed";
}

/** The memo of a run that begins. */
export function startMemo(input: RunInput): { [MEMO_KEY]: RunMemo } {
  return { [MEMO_KEY]: { ...identityOf(input), status: "running", current_step: null, open: [], waiting_for: [], steps_done: 0 } };
}

/** Fullest first: without the state, and without the output, where it would be too large. */
export function memoCandidates(input: RunInput, facts: RunFacts): { [MEMO_KEY]: RunMemo }[] {
  const { journal, actions, waiting_for, end } = facts;
  const agents = actions.filter(({ executor, state }) => executor !== "human" && state !== "needs_human" && state !== "verifying");
  const base: RunMemo = {
    ...identityOf(input),
    status: statusOf(end, agents.length > 0 && !facts.paused),
    current_step: actions[0]?.step_id ?? currentStep(journal),
    open: actions.slice(0, 10).map(({ action_id, step_id, type, title, executor, role, created_at }) => ({
      action_id,
      step_id,
      type,
      title: title.slice(0, 200),
      executor,
      ...(role === undefined ? {} : { role }),
      created_at: new Date(created_at).toISOString(),
    })),
    waiting_for: waiting_for.slice(0, 20),
    steps_done: Object.values(journal.steps).filter(({ status }) => status === "done").length,
    ...(facts.paused ? { paused: true } : {}),
    ...(facts.pause === undefined ? {} : { pause: facts.pause }),
    ...(facts.simulated ? { simulated: true } : {}),
  };
  const state: Json = journal.scopes[""]?.state ?? {};
  const whole = { ...base, state, ...(end === undefined ? {} : { end }) };
  const { output: _, ...bare } = end ?? { status: "failed" as const };
  const ended = end === undefined ? {} : { end: bare };
  return [whole, { ...base, ...(end === undefined ? {} : { end }), truncated: true }, { ...base, ...ended, truncated: true }].map(
    (memo) => ({
      [MEMO_KEY]: memo,
    }),
  );
}

type Identity = Pick<RunMemo, "workflow" | "name" | "version" | "digest" | "started_with" | "requester" | "answers_tell">;

function identityOf({ closure, requester, digest, answers_tell }: RunInput): Identity {
  const definition = closure.definitions[closure.root];
  return {
    workflow: closure.root,
    name: definition?.name ?? closure.root,
    version: definition?.version ?? "",
    digest: closure.digest,
    started_with: digest,
    requester,
    ...(answers_tell === true ? { answers_tell } : {}),
  };
}

/** The step that began last and has not finished. */
function currentStep(journal: Journal): string | null {
  const open = Object.entries(journal.began).filter(([path]) => journal.steps[path] === undefined);
  const last = open.toSorted((a, b) => a[1] - b[1]).at(-1)?.[0];
  return last === undefined
    ? null
    : (last
        .split("/")
        .at(-1)
        ?.replace(/[#[].*$/, "") ?? null);
}
