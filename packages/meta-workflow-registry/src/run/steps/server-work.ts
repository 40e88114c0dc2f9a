import type { Json, Step } from "../../definition/definition.ts";
import { StepFailure } from "../completion.ts";
import { effectKey } from "../effect-key.ts";
import { guardOf } from "../guard.ts";
import type { CallOptions, CallOutcome, ServerCall } from "../ports.ts";
import { filledProgram, filledTool, isReadOnly, probe, retryOf } from "../server-call.ts";
import type { Here, Made, Walk } from "../walk.ts";
import { lookByPerson } from "./look-by-person.ts";

type Work = Extract<Step, { type: "shell" | "mcp_call" }>;

/** So often an effect that was found absent is made again. */
const MAKE_AGAIN = 3;

/** `shell` and `mcp_call` on the server. An outcome that is not known is looked for, never guessed. */
export async function serverWork(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Work;
  const { marks } = walk.journal;
  // A run that was carried on knows that the effect may have happened.
  let outcome: CallOutcome = isInDoubt(marks[here.path])
    ? { status: "unknown", message: "It was under way when the run was carried on." }
    : await call(walk, here, step);
  for (let again = 0; outcome.status === "unknown"; again += 1) {
    if (isReadOnly(step.effects)) throw new StepFailure("outcome_unknown", outcome.message);
    marks[here.path] = { in_doubt: true };
    const found = await find(walk, here, step, again >= MAKE_AGAIN, outcome.message);
    if (found.happened) return { kind: "output", output: found.output };
    delete marks[here.path];
    walk.record(here.path, "warned", "It had not happened, and is made again.");
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

/** Looks whether the effect happened: by the step's probe, else by a person. */
async function find(walk: Walk, here: Here, step: Work, isTired: boolean, message: string): Promise<Found> {
  const { reconcile } = step;
  if (reconcile !== undefined && !isTired) {
    const seen = await probe(walk, here, reconcile.probe, "reconcile");
    if (seen.seen) {
      if (walk.holds(reconcile.done, here, { probe: seen.output })) return { happened: true, output: seen.output };
      if (walk.holds(reconcile.absent, here, { probe: seen.output })) return { happened: false, output: null };
    }
  }
  if (here.scope.cancelled) throw new StepFailure("outcome_unknown", `It is not known whether ${step.id} happened: ${message}`);
  return walk.idle(() => lookByPerson(walk, here, message));
}

function isInDoubt(mark: Json | undefined): boolean {
  return typeof mark === "object" && mark !== null && !Array.isArray(mark) && (mark as { readonly in_doubt?: Json }).in_doubt === true;
}
