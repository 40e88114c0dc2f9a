import type { Json, Step } from "../../definition/definition.ts";
import { ScopeCancelled, StepFailure, type Made } from "../completion.ts";
import { durationOf } from "../duration.ts";
import { probe } from "../server-call.ts";
import type { Here } from "../here.ts";
import type { Walk } from "../walk.ts";
import { ANYTHING, ask, common, outputOf, roleOf } from "./agent-work.ts";

type Wait = Extract<Step, { type: "wait" }>;
type Until = NonNullable<Wait["until"]>;

/** `wait`: for a time, an event, or until something has held for a while. With a message alone: until the agent says go on. */
export async function wait(walk: Walk, here: Here): Promise<Made> {
  const step = here.step as Wait;
  if (step.until !== undefined) return untilHeld(walk, here, step.until);
  if (step.event !== undefined) return forEvent(walk, here, step, step.event);
  if (step.for === undefined) return forWord(walk, here, step);
  walk.record(here.path, "waiting", step.message);
  const due = dueAt(walk, here, durationOf(step.for, walk.fill(step.for, here)));
  await sleepTill(walk, here, due);
  // One that is cancelled ends its scope, and gives nothing; seconds, as in the source.
  const duration = (due - (walk.journal.began[here.path] ?? due)) / 1_000;
  return { kind: "output", output: { waited: true, duration, cancelled: false } };
}

/** The time at which a wait ends, the same after the run was carried on. */
function dueAt(walk: Walk, { path }: Here, ms: number): number {
  const { marks } = walk.journal;
  const known = marks[path];
  if (typeof known === "number") return known;
  const due = walk.ports.now() + ms;
  marks[path] = due;
  return due;
}

async function sleepTill(walk: Walk, { scope }: Here, due: number): Promise<void> {
  const left = due - walk.ports.now();
  if (left > 0 && !(await walk.ports.sleep(left, scope))) throw new ScopeCancelled();
  if (scope.cancelled) throw new ScopeCancelled();
  await walk.gate();
}

async function forEvent(walk: Walk, here: Here, step: Wait, event: string): Promise<Made> {
  const due = step.for === undefined ? undefined : dueAt(walk, here, durationOf(step.for, walk.fill(step.for, here)));
  walk.record(here.path, "waiting", step.message ?? event);
  const within = due === undefined ? {} : { within: Math.max(0, due - walk.ports.now()) };
  const value = await walk.ports.event({ name: walk.text(event, here), path: here.path, ...within }, here.scope);
  await walk.gate();
  if (here.scope.cancelled) throw new ScopeCancelled();
  if (value === undefined) throw new StepFailure("timed_out", `The event "${event}" did not come in time.`);
  return { kind: "output", output: value };
}

async function forWord(walk: Walk, here: Here, step: Wait): Promise<Made> {
  const message = walk.text(step.message ?? step.title ?? step.id, here);
  const result = await ask(
    walk,
    here,
    {
      ...common(walk, here, 1),
      type: "wait",
      executor: "agent",
      instructions: message,
      parameters: { message },
      context: [],
      result_schema: ANYTHING,
      accept: [],
      evidence: [],
      lease_ms: step.timeout,
      on_deadline: "end",
      max_attempts: 1,
      ...roleOf(undefined, here),
    },
    () => [],
  );
  return { kind: "output", output: outputOf(result) };
}

interface Polling {
  readonly polls: number;
  /** Since when it holds; null where it does not. */
  readonly held_since: number | null;
  readonly due: number;
}

async function untilHeld(walk: Walk, here: Here, until: Until): Promise<Made> {
  const { marks } = walk.journal;
  const { path } = here;
  const hold = durationOf(until.hold, walk.fill(until.hold, here));
  const begun = marks[path] as unknown as Polling | undefined;
  if (begun === undefined) walk.record(path, "waiting");
  let at: Polling = begun ?? { polls: 0, held_since: null, due: walk.ports.now() + until.within };
  for (;;) {
    if (walk.isPaused) await walk.gate();
    const { holds, seen, missed } = await walk.busy(async () => {
      const looked = await poll(walk, here, until, at.polls + 1);
      const held_since = looked.holds ? (at.held_since ?? walk.ports.now()) : null;
      at = { due: at.due, polls: at.polls + 1, held_since };
      marks[path] = at as unknown as Json;
      return looked;
    });
    const now: number = walk.ports.now();
    if (holds && now - (at.held_since ?? now) >= hold) return { kind: "output", output: { probe: seen, polls: at.polls } };
    if (now >= at.due) {
      const last = missed ?? `\`${until.holds_when}\` ${holds ? "has not held for long enough" : "does not hold"}`;
      throw new StepFailure("timed_out", `Not reached within the time: ${last}.`);
    }
    const next = holds ? Math.min(until.every, Math.max(1, (at.held_since ?? now) + hold - now)) : until.every;
    await sleepTill(walk, here, Math.min(now + next, at.due));
  }
}

async function poll(
  walk: Walk,
  here: Here,
  until: Until,
  number: number,
): Promise<{ readonly holds: boolean; readonly seen: Json; readonly missed?: string }> {
  const looked = await probe(walk, here, until.probe, `poll-${number}`);
  if (here.scope.cancelled) throw new ScopeCancelled();
  // A look that failed says nothing about what is looked at; the next one may.
  if (!looked.seen) return { holds: false, seen: null, missed: looked.message };
  return { holds: walk.holds(until.holds_when, here, { probe: looked.output }), seen: looked.output };
}
