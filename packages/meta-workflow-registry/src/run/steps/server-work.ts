import type { Json, Step } from "../../definition/definition.ts";
import { ScopeCancelled, StepFailure, type Made } from "../completion.ts";
import { effectKey } from "../effect-key.ts";
import { guardOf } from "../guard.ts";
import type { CallOptions, CallOutcome, ServerCall } from "../ports.ts";
import { filledProgram, filledTool, isReadOnly, probe, retryOf } from "../server-call.ts";
import { cut, MAX_LINE } from "../value-bounds.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { lookByPerson } from "./look-by-person.ts";

type Work = Extract<Step, { type: "shell" | "mcp_call" }>;

/** So often an effect that was found absent is made again. */
const MAKE_AGAIN = 3;

/** `shell` and `mcp_call` on the server. An outcome that is not known is looked for, never guessed. */
export async function serverWork(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Work;
  const { marks } = walk.journal;
  // A run that was carried on knows that the effect may have happened.
  let doubt = marks[here.path] as unknown as Doubt | undefined;
  if (walk.isPaused) await walk.unpaused();
  let outcome: CallOutcome = doubt === undefined ? await call(walk, here, step) : { status: "unknown", message: doubt.message };
  for (let looks = doubt?.looks ?? 1; outcome.status === "unknown"; looks += 1) {
    if (isReadOnly(step.effects)) throw new StepFailure("no_answer", outcome.message);
    // An answer that a person was asked for is waited for, whatever another look would show.
    const asks = doubt?.looks === looks && doubt.asks;
    doubt = { looks, asks, message: cut(outcome.message, MAX_LINE) };
    marks[here.path] = doubt as unknown as Json;
    const found = await find(walk, here, step, doubt);
    if (found.happened) return { kind: "output", output: found.output };
    walk.record(here.path, "warned", "It had not happened, and is made again.");
    if (walk.isPaused) await walk.unpaused();
    outcome = await call(walk, here, step);
  }
  if (outcome.status === "failed") throw new StepFailure(outcome.code, outcome.message);
  const problems = step.output === undefined ? [] : walk.ports.validate(walk.schema(step.output, here), outcome.output);
  if (problems.length > 0) throw new StepFailure("output_invalid", `What ${step.id} gave does not fit its schema: ${problems[0]}`);
  return { kind: "output", output: outcome.output, simulated: outcome.simulated };
}

async function call(walk: Walk, here: Here, step: Work): Promise<CallOutcome> {
  const filled: ServerCall = step.type === "shell" ? filledProgram(walk, here, step) : filledTool(walk, here, step);
  const guard = guardOf(walk, here);
  const options: CallOptions = {
    path: `${here.path}#1`,
    effect_key: effectKey(walk.run.id, here.path),
    read_only: isReadOnly(step.effects),
    timeout: step.timeout,
    retry: retryOf(here),
    ...(guard === undefined ? {} : { guard }),
  };
  return walk.ports.call(filled, options, here.scope);
}

interface Found {
  readonly happened: boolean;
  readonly output: Json;
}

/** What is kept of an effect in doubt: how often was looked for it, this time included. */
interface Doubt {
  readonly looks: number;
  /** A person was asked. */
  readonly asks: boolean;
  readonly message: string;
}

/** Looks whether the effect happened: by the step's probe, else by a person. */
async function find(walk: Walk, here: Here, step: Work, doubt: Doubt): Promise<Found> {
  const { looks, asks, message } = doubt;
  const { reconcile } = step;
  if (reconcile !== undefined && !asks && looks <= MAKE_AGAIN) {
    const seen = await probe(walk, here, reconcile.probe, `reconcile-${looks}`);
    if (seen.seen) {
      if (walk.holds(reconcile.done, here, { probe: seen.output })) return { happened: true, output: seen.output };
      if (walk.holds(reconcile.absent, here, { probe: seen.output })) return { happened: false, output: null };
    }
  }
  if (here.scope.cancelled) throw stillUnknown(step, message);
  walk.journal.marks[here.path] = { ...doubt, asks: true };
  try {
    return await walk.idle(() => lookByPerson(walk, here, looks, message));
  } catch (error) {
    throw error instanceof ScopeCancelled ? stillUnknown(step, message) : error;
  }
}

function stillUnknown(step: Work, message: string): StepFailure {
  return new StepFailure("outcome_unknown", `It is not known whether ${step.id} happened: ${message}`);
}
