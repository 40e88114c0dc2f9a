import type { AgentWork, Json, JsonSchema, Milliseconds, Step, Template } from "../../definition/definition.ts";
import type { ActionDraft, ActionResult, Verdict } from "../actions/action.ts";
import { ScopeCancelled, StepFailure, type Made } from "../completion.ts";
import { probe } from "../server-call.ts";
import { effectKey } from "../effect-key.ts";
import { bounded, cut, MAX_GIVEN_BYTES, MAX_LINE } from "../value-bounds.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";

type Of<T extends Step["type"]> = Extract<Step, { type: T }>;

/** `prompt` and `delegate`: an agent does it, and the server checks what it says. */
export async function agentWork(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Of<"prompt"> | Of<"delegate">;
  const instructions = walk.text(step.instructions, here);
  const prompt =
    step.type === "prompt" ? { prompt_type: step.prompt_type, ...(step.options === undefined ? {} : { options: step.options }) } : {};
  const draft: ActionDraft = {
    ...common(walk, here, 1),
    type: step.type,
    executor: "agent",
    instructions,
    parameters: { prompt: instructions, ...prompt },
    context: Object.entries(step.give).map(([name, template]) => ({ name, trust: trustOf(template), value: walk.fill(template, here) })),
    result_schema: walk.schema(step.result, here),
    accept: step.accept.map(({ say }) => say),
    evidence: step.evidence,
    lease_ms: step.lease,
    max_attempts: step.max_attempts,
    on_deadline: step.on_deadline === "escalate" ? "escalate" : "end",
    ...roleOf(step.role, here),
    ...deadlineOf(walk, here, step.deadline),
  };
  const result = await ask(walk, here, draft, () => step.accept);
  if (result.outcome === "deadline" && step.on_deadline === "continue") {
    walk.record(here.path, "warned", "Its deadline has passed.");
    return { kind: "output", output: null };
  }
  return { kind: "output", output: outputOf(result) };
}

/** What every action of a step has. */
export function common(walk: Walk, here: Here, number: number): Pick<ActionDraft, "action_id" | "step_id" | "effect_key" | "title"> {
  const { path, step } = here;
  return {
    action_id: `${path}#${number}`,
    step_id: step.id,
    effect_key: effectKey(walk.run.id, path),
    title: step.title === undefined ? step.id : cut(walk.text(step.title, here), MAX_LINE),
  };
}

/** The role that does it: the step's, else the one that its loop names. */
export function roleOf(role: string | undefined, { frame }: Here): { role?: string } {
  const named = role ?? frame.role;
  return named === undefined ? {} : { role: named };
}

/** When it must be done, from when the step began. */
export function deadlineOf(walk: Walk, { path }: Here, deadline: Milliseconds | undefined): { deadline_at?: number } {
  return deadline === undefined ? {} : { deadline_at: (walk.journal.began[path] ?? walk.ports.now()) + deadline };
}

/**
 * Asks for an action and waits for its end.
 *
 * @throws StepFailure budget_exceeded where the run has asked for as many as its definition allows; too_large
 * @throws ScopeCancelled
 */
export async function ask(walk: Walk, here: Here, draft: ActionDraft, accept: () => AgentWork["accept"]): Promise<ActionResult> {
  const { journal, ports } = walk;
  const asked = `${draft.action_id}`;
  if (journal.marks[asked] === undefined) {
    const { actions } = walk.definition.budget;
    if (journal.actions >= actions) throw new StepFailure("budget_exceeded", `The run may ask for ${actions} actions, and has.`);
    journal.actions += 1;
    journal.marks[asked] = true;
    walk.record(here.path, "waiting", draft.title);
  }
  bounded(draft, "What the action is given", here.path, MAX_GIVEN_BYTES);
  const result = await ports.action(draft, (value) => verify(walk, here, accept(), value), here.scope);
  if (result.outcome === "cancelled" && here.scope.cancelled) throw new ScopeCancelled();
  return result;
}

/**
 * The output of an action that was done.
 *
 * @throws StepFailure agent_failed, declined, deadline, cancelled
 */
export function outputOf({ outcome, result, note }: ActionResult): Json {
  if (outcome === "completed") return result;
  const said = note ?? (typeof result === "string" ? result : undefined);
  if (outcome === "declined") throw new StepFailure("declined", said ?? "It was declined.", { declined: true });
  if (outcome === "deadline") throw new StepFailure("deadline", "It was not done before its deadline.");
  if (outcome === "cancelled") throw new StepFailure("cancelled", "Its action was cancelled.");
  throw new StepFailure("agent_failed", said ?? `The agent reported: ${outcome}.`);
}

async function verify(walk: Walk, here: Here, accept: AgentWork["accept"], result: Json): Promise<Verdict> {
  const say: string[] = [];
  for (const [at, one] of accept.entries()) {
    const more: { [name: string]: Json } = { result };
    try {
      if (one.probe !== undefined) {
        const seen = await walk.busy(() => probe(walk, here, one.probe!, `accept-${at}`, { result }));
        if (!seen.seen) return { ok: false, undecided: true, say: [`${one.say} (${seen.message})`] };
        more["probe"] = seen.output;
      }
      if (!walk.holds(one.check, here, more)) say.push(walk.text(one.say, here, more));
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      say.push(`${one.say} (${error.message})`);
    }
  }
  return say.length === 0 ? { ok: true } : { ok: false, say };
}

/** What an author wrote is his word; what an expression brought in is data. */
function trustOf(template: Template): "author" | "data" {
  return JSON.stringify(template).includes("${{") ? "data" : "author";
}

/** The schema of a result of which nothing is known. */
export const ANYTHING: JsonSchema = {};
