import type { Json, Step } from "../../definition/definition.ts";
import { NEXT, StepFailure, type Completion, type Made } from "../completion.ts";
import { beginScope } from "../isolated.ts";
import { needsLocks, takeLocks } from "../definition-locks.ts";
import { RunScope } from "../scope.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";

const MAX_DEPTH = 5;

/** `workflow`: another definition with inputs and state of its own; what it returns is the output. */
export async function subWorkflow(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Extract<Step, { type: "workflow" }>;
  const { path, frame, scope } = here;
  if (frame.depth >= MAX_DEPTH) throw new StepFailure("too_deep", `Workflows are nested over ${MAX_DEPTH} deep.`);
  const definition = walk.ports.definition(step.workflow);
  if (definition === undefined) throw new StepFailure("no_such_workflow", `The run has no workflow "${step.workflow}".`);
  const given = Object.fromEntries(Object.entries(step.inputs).map(([name, template]) => [name, walk.fill(template, here)]));
  const inner = beginScope(walk, here, {
    inputs: definition.inputs,
    given,
    initial_state: definition.initial_state,
    definition,
    deeper: true,
  });
  const isLocked = needsLocks(walk, definition);
  if (isLocked) await takeLocks(walk, definition, { ...here, frame: inner });
  const completion = await walk.steps(definition.steps, path, inner, scope);
  if (definition.finally.length > 0) await lastSteps(walk, { ...here, frame: inner }, definition.finally);
  if (isLocked) await walk.locks.release(path);
  if (completion.kind === "return") return { kind: "output", output: completion.value };
  if (completion.kind !== "next") return completion;
  const output: Json = definition.output === undefined ? null : walk.fill(definition.output, { ...here, frame: inner });
  return { kind: "output", output };
}

/** `finally`: runs however the steps ended, and cannot change how they did. */
export async function lastSteps(walk: Walk, { path, frame }: Pick<Here, "path" | "frame">, steps: readonly Step[]): Promise<Completion> {
  const base = path === "" ? "finally" : `${path}/finally`;
  for (const step of steps) {
    const completion = await walk.steps([step], base, frame, new RunScope());
    if (completion.kind === "failed") walk.record(`${base}/${step.id}`, "warned", completion.failure.message);
    if (completion.kind === "return") break;
  }
  return NEXT;
}
