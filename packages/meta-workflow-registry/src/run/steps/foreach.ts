import type { Json, Step, Task } from "../../definition/definition.ts";
import { CANCELLED, NEXT, ScopeCancelled, StepFailure, type Completion, type Failure, type Made } from "../completion.ts";
import type { Frame } from "../frame.ts";
import { beginScope } from "../isolated.ts";
import type { Variables } from "../ports.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { agentItem } from "./agent-item.ts";
import { stop, stoppedBefore } from "./stopped.ts";

type Foreach = Extract<Step, { type: "foreach" }>;

/** `foreach`: so many items at once, results in the order of the items. */
export async function foreach(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Foreach;
  const items = itemsOf(walk, here, step);
  const inner = here.scope.child();
  const { journal } = walk;
  const stopped: { by?: Completion } = stoppedBefore(walk, here);
  if (stopped.by !== undefined) inner.cancel();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      // What began is followed to its end, also where the run was carried on since.
      if ((stopped.by !== undefined || inner.cancelled) && journal.began[`${here.path}[${index}]`] === undefined) continue;
      const completion = await item(walk, { ...here, scope: inner }, step, items, index);
      if (completion.kind === "next" || stopped.by !== undefined) continue;
      const isCollected = completion.kind === "failed" && step.on_item_error === "collect" && isOrdinary(completion.failure);
      if (isCollected) continue;
      stop(walk, here, stopped, completion);
      inner.cancel();
    }
  };
  const lanes = Math.max(1, Math.min(step.max_parallel, items.length));
  await Promise.all(Array.from({ length: lanes }, lane));
  if (stopped.by !== undefined) return stopped.by;
  if (here.scope.cancelled) return CANCELLED;
  return { kind: "output", output: items.map((_, index) => outcomeOf(walk, `${here.path}[${index}]`)) };
}

/** What ends the whole run is not collected. */
function isOrdinary({ declined, compensate }: Failure): boolean {
  return declined !== true && compensate !== true;
}

function itemsOf(walk: Walk, here: Here, step: Foreach): readonly Json[] {
  const { marks } = walk.journal;
  const known = marks[here.path];
  if (known !== undefined) return known as readonly Json[];
  const items = walk.evaluate(step.items, here);
  if (!Array.isArray(items)) throw new StepFailure("not_a_list", `\`${step.items}\` is no list.`);
  if (items.length > step.limit) throw new StepFailure("too_many_items", `${items.length} items; at most ${step.limit} are allowed.`);
  walk.kept.check(items as Json, "The list", here.path);
  marks[here.path] = items as Json;
  walk.kept.add(items, here.path);
  return items as readonly Json[];
}

async function item(walk: Walk, here: Here, step: Foreach, items: readonly Json[], index: number): Promise<Completion> {
  const { journal, ports } = walk;
  const path = `${here.path}[${index}]`;
  const known = journal.steps[path];
  if (known !== undefined) return typeof known.then === "object" ? { kind: "failed", failure: known.then.stop } : NEXT;
  await walk.enter(path);
  const frame = itemFrame(here, step, path, items, index);
  const started_at = (journal.began[path] ??= ports.now());
  const made = await itemWork(walk, { ...here, path, frame }, step);
  if (made.kind === "return" && step.task === undefined) return made;
  if (made.kind === "cancelled" || made.kind === "next") return CANCELLED;
  if (made.kind === "failed" && !isOrdinary(made.failure)) return made;
  const times = { started_at, ended_at: ports.now() };
  walk.records.drop(path);
  if (made.kind === "failed") {
    const { failure } = made;
    const error = { code: failure.code, message: failure.message };
    walk.records.put(path, { status: "failed", error, ...times, ...(step.on_item_error === "stop" ? { then: { stop: failure } } : {}) });
  } else walk.records.put(path, { status: "done", output: made.kind === "return" ? made.value : made.output, ...times });
  ports.taken(path);
  return made.kind === "failed" ? made : NEXT;
}

function itemFrame(here: Here, step: Foreach, path: string, items: readonly Json[], index: number): Frame {
  const { frame } = here;
  const item = items[index] ?? null;
  const total = items.length;
  const added = { item, [step.as]: item, index, total, is_first: index === 0, is_last: index === total - 1 };
  const { role: _, ...rest } = frame;
  const role = step.agent ?? frame.role;
  return { ...rest, key: path, outer: frame, added, ...(role === undefined ? {} : { role }) };
}

async function itemWork(walk: Walk, here: Here, step: Foreach): Promise<Made> {
  try {
    const made = step.task === undefined ? await ownSteps(walk, here, step.steps ?? []) : await taskOf(walk, here, step, step.task);
    const output = made.kind === "output" ? made.output : made.kind === "return" ? made.value : undefined;
    if (output !== undefined) walk.kept.check(output, "What the item gives", here.path, () => walk.records.freedBy(here.path));
    return made;
  } catch (error) {
    if (error instanceof ScopeCancelled) return CANCELLED;
    if (!(error instanceof StepFailure)) throw error;
    const { code, message, declined } = error;
    return { kind: "failed", failure: { code, message, path: here.path, ...(declined ? { declined } : {}) } };
  }
}

async function ownSteps(walk: Walk, { path, frame, scope }: Here, steps: readonly Step[]): Promise<Made> {
  const completion = await walk.steps(steps, path, frame, scope);
  if (completion.kind !== "next") return completion;
  const last = walk.journal.visible[path]?.[steps.at(-1)?.id ?? ""];
  return { kind: "output", output: (last === undefined ? undefined : walk.journal.steps[last]?.output) ?? null };
}

async function taskOf(walk: Walk, here: Here, step: Foreach, name: string): Promise<Made> {
  const { definition, added } = here.frame;
  const task: Task | undefined = definition.tasks[name];
  if (task === undefined) throw new StepFailure("no_such_task", `There is no task "${name}".`);
  const given = (step.with === undefined ? declared(task, added) : walk.fill(step.with, here)) as Variables;
  const inner: Here = {
    ...here,
    frame: beginScope(walk, here, { inputs: task.inputs, given, initial_state: task.initial_state, definition }),
  };
  if (task.steps.length === 0) return agentItem(walk, inner, step, task);
  const completion = await walk.steps(task.steps, here.path, inner.frame, here.scope);
  if (completion.kind !== "next") return completion;
  return { kind: "output", output: task.output === undefined ? null : walk.fill(task.output, inner) };
}

function outcomeOf(walk: Walk, path: string): Json {
  const record = walk.journal.steps[path];
  if (record === undefined) return { status: "cancelled", output: null };
  const { status, output, error } = record;
  return { status, output: output ?? null, ...(error === undefined ? {} : { error }) };
}

/** Without `with`, a task gets what the loop has under the names of its inputs. */
function declared({ inputs: { properties } }: Task, added: Variables): Variables {
  const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  return Object.fromEntries(Object.entries(added).filter(([name]) => names.includes(name)));
}
