import { ScopeCancelled, StepFailure, type Made } from "./completion.ts";
import type { Here } from "./here.ts";
import { overMark } from "./journal.ts";
import type { RunContext } from "./run-context.ts";
import { RunScope } from "./scope.ts";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
] as const;

/**
 * Carries a step out within the time that its definition gives to all of it. When that is over, what is open in it is withdrawn
 * and what is under way is ended, as if the run were cancelled there; then the step has failed, and its `on_error` speaks.
 * A step that ended by itself meanwhile has ended as it did.
 *
 * @throws StepFailure timed_out
 */
export async function withinTime(context: RunContext, here: Here, execute: (here: Here) => Promise<Made>): Promise<Made> {
  const { step, path, scope } = here;
  const limit = step.time_limit;
  if (limit === undefined) return execute(here);
  const { journal, ports } = context;
  const inner = scope.child();
  const timer = new RunScope();
  const time = { isOver: false };
  const end = (): void => {
    time.isOver = true;
    // What it ended stays ended, also where the run is carried on and paused meanwhile.
    journal.marks[overMark(path)] = true;
    inner.cancel();
  };
  // Counted from when the step began, also where the run was carried on since.
  const left = (journal.began[path] ?? ports.now()) + limit - ports.now();
  const ring = async (): Promise<void> => {
    if (!(await ports.sleep(Math.max(0, left), timer, { shown: false }))) return;
    await context.gate();
    if (!timer.cancelled) end();
  };
  if (journal.marks[overMark(path)] === true || (left <= 0 && !context.isPaused)) end();
  else void ring();
  try {
    const made = await execute({ ...here, scope: inner });
    if (made.kind !== "cancelled" || !time.isOver || scope.cancelled) return made;
  } catch (error) {
    if (!(error instanceof ScopeCancelled) || !time.isOver || scope.cancelled) throw error;
  } finally {
    timer.cancel();
  }
  throw new StepFailure("timed_out", `${step.id} took longer than its timeout of ${inWords(limit)}: what was open in it is withdrawn.`);
}

function inWords(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms % each === 0 && ms >= each) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}
