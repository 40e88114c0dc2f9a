import type { Json, Step } from "../../definition/definition.ts";
import { StepFailure, type Made } from "../completion.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";

type Of<T extends Step["type"]> = Extract<Step, { type: T }>;

const DONE: Made = { kind: "output", output: null };

/** `condition`: one of two lists. */
export async function condition(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Of<"condition">;
  const branch = decide(walk, here, () => (walk.holds(step.if, here) ? "then" : "else"));
  const completion = await walk.steps(branch === "then" ? step.then : step.else, here.path, here.frame, here.scope);
  return completion.kind === "next" ? { kind: "output", output: branch } : completion;
}

/** `switch`: the first case that holds, else the rest. */
export async function choose(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Of<"switch">;
  const chosen = decide(walk, here, () => step.cases.findIndex((one) => walk.holds(one.when, here)));
  const steps = typeof chosen === "number" && chosen >= 0 ? (step.cases[chosen]?.steps ?? []) : step.else;
  const completion = await walk.steps(steps, here.path, here.frame, here.scope);
  return completion.kind === "next" ? { kind: "output", output: chosen } : completion;
}

/** `loop`: while something holds, so many times at most; more is a failure. */
export async function loop(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Of<"loop">;
  const { path, frame, scope } = here;
  const { marks } = walk.journal;
  for (let turn = typeof marks[path] === "number" ? (marks[path] as number) : 0; ; turn += 1) {
    const added = { iteration: turn };
    const isBegun = marks[path] === turn;
    if (!isBegun && !walk.holds(step.while, here, added)) return { kind: "output", output: { iterations: turn } };
    if (turn >= step.max) throw new StepFailure("loop_limit", `The loop did not end within ${step.max} turns.`);
    marks[path] = turn;
    const inner = { ...frame, added: { ...frame.added, ...added } };
    const completion = await walk.steps(step.steps, `${path}[${turn}]`, inner, scope);
    if (completion.kind !== "next") return completion;
    walk.records.drop(`${path}[${turn}]`);
  }
}

/** `set_state`: all fields at once, from the state before. */
export async function setState(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Of<"set_state">;
  walk.update(
    here,
    Object.entries(step.updates).map(([path, template]) => [path, walk.fill(template, here)] as const),
  );
  return DONE;
}

/** `return`: ends the task, sub-workflow or run. */
export async function giveBack(walk: Walk, here: Here): Promise<Made> {
  return { kind: "output", output: walk.fill((here.step as Of<"return">).value, here) };
}

/** `fail`: ends with the author's words. */
export async function fail(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Of<"fail">;
  throw new StepFailure(step.code ?? "failed", walk.text(step.message, here));
}

function decide<T extends Json>(walk: Walk, { path }: Here, decision: () => T): T {
  const { marks } = walk.journal;
  const known = marks[path];
  if (known !== undefined) return known as T;
  const made = decision();
  marks[path] = made;
  return made;
}
