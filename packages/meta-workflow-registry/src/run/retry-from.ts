import type { Definition, Json, Step } from "../definition/definition.ts";
import { everyStep, stepLists, stepsIn } from "../definition/walk.ts";
import { isAt, type Journal, type StepRecord } from "./journal.ts";
import { isReadOnly } from "./server-call.ts";

const REDONE = "It was done before the run was taken up again: look whether it still is.";

/** The journal with which a failed run is taken up again, or the steps from which it may be. */
export type Retried = { readonly journal: Journal } | { readonly accepted: readonly string[] };

/**
 * The journal of a run that failed, as it is taken up again from one of its definition's own steps. What was done before that
 * step stays: outputs, state, what undoes it. Of a step that failed, whatever was done in it stays too. An effect that happened,
 * or may have, is looked for before it is made again.
 *
 * @param from one of the definition's own steps; or the path of a step within the one that ended the run, where it failed there
 *   (`deploy[2]/verify`): what holds it goes on with all that was not done
 * @param now milliseconds since 1970; time limits of what goes on count from then
 */
export function retryFrom(ended: Journal, definition: Definition, from: string, now: number): Retried {
  const journal = JSON.parse(JSON.stringify(ended)) as Journal;
  const { steps } = definition;
  const failed = failedAt(journal, steps);
  const accepted = [...acceptedSteps(journal, steps, failed), ...failedWithin(journal, steps[failed])];
  if (!accepted.includes(from)) return { accepted };
  const at = steps.findIndex(({ id }) => isAt(from, id));
  for (const step of steps.slice(at, failed + 1)) {
    const isEntered = hasFailed(journal.steps[step.id]) && !isLeaf(step);
    if (isEntered) enterAgain(journal, step, definition, now);
    else forget(journal, step);
  }
  forgetBelow(journal, "finally");
  // Locks went back when the run ended, and are taken anew.
  const { ending: _, cancel: __, locks: ___, ...kept } = journal;
  return { journal: { ...withoutEnd(kept), actions: 0 } };
}

/** Its time is not over any more. */
function withoutEnd(journal: Journal & { readonly out_of_time?: boolean }): Journal {
  const { out_of_time: _, ...kept } = journal;
  return kept;
}

/** The first step that did not come to a good end; the last one where the run failed after all of them. */
function failedAt(journal: Journal, steps: readonly Step[]): number {
  const found = steps.findIndex(({ id }) => journal.steps[id] === undefined || hasFailed(journal.steps[id]));
  return found < 0 ? steps.length - 1 : found;
}

/** From the failed step back to the last one whose effects nobody could look for. */
function acceptedSteps(journal: Journal, steps: readonly Step[], failed: number): string[] {
  const accepted: string[] = [];
  for (const [at, step] of steps.slice(0, failed + 1).entries()) {
    if (at < failed && journal.steps[step.id]?.status === "done" && !mayRedo(step)) accepted.length = 0;
    else accepted.push(step.id);
  }
  return accepted;
}

/** Paths of the steps in a step that failed which failed there, or were ended with it: the ones that go on where it is entered again. */
function failedWithin({ steps }: Journal, failed: Step | undefined): string[] {
  if (failed === undefined || !hasFailed(steps[failed.id]) || isLeaf(failed)) return [];
  const isTold = (path: string): boolean => isAt(path, failed.id) && path !== failed.id && !/\/(?:on_error|finally)\//.test(path);
  const found = Object.keys(steps).filter((path) => isTold(path) && hasFailed(steps[path]));
  // An item of a loop drops its steps; the failure of one of them still says where it was.
  const named = found.flatMap((path) => {
    const then = steps[path]?.then;
    return typeof then === "object" && isTold(then.stop.path) ? [path, then.stop.path] : [path];
  });
  return [...new Set(named)];
}

/** What ended the run, or was ended with it. A failure that was handled, or passed over, is neither. */
function hasFailed(record: StepRecord | undefined): boolean {
  return record?.cut === true || record?.then !== undefined;
}

/** Its effects, if it has any, may be made twice or can be looked for. */
function mayRedo(step: Step): boolean {
  if (isLeaf(step)) return isLookedFor(step) || !isOnce(step);
  return step.type !== "workflow" && ![...inner(step)].some(isOnce);
}

/** May not be made twice. */
function isOnce(step: Step): boolean {
  return !step.idempotent && !isReadOnly(step.effects);
}

/** The server makes it, and looks for it where it is in doubt. */
function isLookedFor(step: Step): boolean {
  return isOnce(step) && (step.type === "shell" || step.type === "mcp_call") && step.runs_on === "server";
}

function isLeaf(step: Step): boolean {
  return step.type !== "foreach" && step.type !== "workflow" && stepLists(step).every(({ path: [at] }) => at === "on_error");
}

function inner(step: Step): readonly Step[] {
  return stepLists(step).flatMap(({ steps }) => [...stepsIn(steps)]);
}

/** A step is as if it had never begun, but for its effects. */
function forget(journal: Journal, step: Step): void {
  const record = journal.steps[step.id];
  forgetBelow(journal, step.id);
  if (isLookedFor(step) && (record?.status === "done" || isInDoubt(record))) doubt(journal, step.id, record);
}

/** A step that failed goes on with what was done in it. */
function enterAgain(journal: Journal, step: Step, definition: Definition, now: number): void {
  const { steps, began, marks } = journal;
  const looked = new Set([...everyStep(definition)].filter(isLookedFor).map(({ id }) => id));
  for (const path of Object.keys(steps).filter((key) => isAt(key, step.id) && hasFailed(steps[key]))) {
    const record = steps[path];
    // Its handler did not come to an end: it begins anew, and what handles it too.
    if (record?.then === "steps") forgetBelow(journal, path);
    delete steps[path];
    hide(journal, path);
    if (isInDoubt(record) && looked.has(path.slice(path.lastIndexOf("/") + 1))) doubt(journal, path, record);
  }
  for (const key of [...Object.keys(steps), ...Object.keys(began)])
    if (isAt(key, step.id) && key.includes("/finally/")) forgetBelow(journal, key);
  for (const key of Object.keys(marks).filter((one) => isAt(one, step.id)))
    if (/#(?:stopped|over)$/.test(key) || (marks[key] as { status?: Json } | null)?.status === "failed") delete marks[key];
  began[step.id] = now;
  for (const key of Object.keys(began)) if (isAt(key, step.id)) began[key] = now;
}

function isInDoubt(record: StepRecord | undefined): boolean {
  return record?.error?.code === "outcome_unknown";
}

/** As the step itself keeps it: it looks first, by its probe or by asking a person. */
function doubt(journal: Journal, path: string, record: StepRecord | undefined): void {
  journal.marks[path] = { looks: 1, asks: false, message: record?.error?.message ?? REDONE };
}

function forgetBelow(journal: Journal, path: string): void {
  const { steps, visible, scopes, began, marks, undo } = journal;
  for (const key of Object.keys(steps).filter((one) => isAt(one, path))) {
    delete steps[key];
    hide(journal, key);
  }
  for (const part of [visible, scopes, began, marks]) for (const key of Object.keys(part)) if (isAt(key, path)) delete part[key];
  journal.undo.splice(0, undo.length, ...undo.filter((one) => !isAt(one.path, path)));
}

function hide({ visible }: Journal, path: string): void {
  for (const ids of Object.values(visible)) for (const id of Object.keys(ids)) if (ids[id] === path) delete ids[id];
}
