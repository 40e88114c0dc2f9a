import type { Json, Step } from "../../definition/definition.ts";
import { CANCELLED, StepFailure, type Completion, type Made } from "../completion.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { stop, stoppedBefore } from "./stopped.ts";

type Parallel = Extract<Step, { type: "parallel" }>;
type Ended =
  | { readonly status: "done" }
  | { readonly status: "failed"; readonly error: { readonly code: string; readonly message: string } };

/** `parallel`: branches at once, joined by all, any, or so many of them; those that lost are cancelled. */
export async function parallel(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Parallel;
  const names = Object.keys(step.branches);
  const needed = step.join === "all" ? names.length : step.join === "any" ? 1 : step.join;
  const ended = endedBefore(walk, here, names);
  const inner = here.scope.child();
  const stopped: { by?: Completion } = stoppedBefore(walk, here);
  const done = (): number => [...ended.values()].filter(({ status }) => status === "done").length;
  const branch = async (name: string): Promise<void> => {
    if (ended.has(name)) return;
    const completion = await walk.steps(step.branches[name]!, `${here.path}/${name}`, here.frame, inner);
    if (completion.kind === "cancelled" || stopped.by !== undefined) return;
    if (completion.kind === "return" || (completion.kind === "failed" && !isTolerated(step, completion))) {
      stop(walk, here, stopped, completion);
      inner.cancel();
      return;
    }
    ended.set(name, endOf(completion));
    walk.journal.marks[`${here.path}/${name}`] = ended.get(name)! as Json;
    if (step.join !== "all" && done() >= needed) inner.cancel();
  };
  if (stopped.by !== undefined || (step.join !== "all" && done() >= needed)) inner.cancel();
  await Promise.all(names.map(branch));
  if (stopped.by !== undefined) return stopped.by;
  if (here.scope.cancelled) return CANCELLED;
  if (step.join !== "all" && done() < needed) {
    const failed = names.filter((name) => ended.get(name)?.status === "failed");
    throw new StepFailure("join_failed", `${done()} of ${needed} needed branches ended well; failed: ${failed.join(", ")}.`);
  }
  const output = Object.fromEntries(names.map((name) => [name, (ended.get(name) ?? { status: "cancelled" }) as Json]));
  return { kind: "output", output };
}

/** Failures are collected, or counted against those that are still needed. */
function isTolerated(step: Parallel, { failure }: Extract<Completion, { kind: "failed" }>): boolean {
  if (failure.declined === true || failure.compensate === true) return false;
  return step.on_branch_error === "collect" || step.join !== "all";
}

function endOf(completion: Completion): Ended {
  if (completion.kind !== "failed") return { status: "done" };
  const { code, message } = completion.failure;
  return { status: "failed", error: { code, message } };
}

function endedBefore(walk: Walk, { path }: Here, names: readonly string[]): Map<string, Ended> {
  const known = names.map((name) => [name, walk.journal.marks[`${path}/${name}`] as unknown as Ended | undefined] as const);
  return new Map(known.flatMap(([name, end]) => (end === undefined ? [] : [[name, end] as const])));
}
