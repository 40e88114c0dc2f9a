import { stringify } from "yaml";
import type { Acceptance, Compensation, Definition, OnError, Probe, Step, Task } from "../definition/definition.ts";
import { timesOneTry } from "../definition/normal-step.ts";

// The normal form written back as people write it. Reading it gives the same normal form, but for lines.

type Written = Record<string, unknown>;

/** A definition as `workflow.yaml`. What an import read from the environment is written in already, so `env` is not. */
export function toYaml(definition: Definition): string {
  const { env: _env, budget, triggers, tasks, steps, finally: closing, inputs, ...rest } = definition;
  return stringify(
    withoutEmpty({
      ...rest,
      triggers: withoutEmpty({ ...triggers }),
      inputs,
      tasks: Object.fromEntries(Object.entries(tasks).map(([name, task]) => [name, taskOf(task)])),
      steps: steps.map(stepOf),
      finally: closing.map(stepOf),
      budget: { actions: budget.actions, wall_time: time(budget.wall_time) },
    }),
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

function taskOf(task: Task): Written {
  return withoutEmpty({ ...task, steps: task.steps.map(stepOf) }, ["steps", "inputs"]);
}

function stepOf(step: Step): Written {
  const { id, type, line: _line, ...fields } = step as Step & Written;
  const written: Written = { id, type };
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || (Array.isArray(value) && value.length === 0 && key !== "else" && key !== "then" && key !== "needs_state"))
      continue;
    // What waits for a person knows one length only, and both names are of it.
    if (key === "time_limit" || (key === "timeout" && "wait_at_most" in fields)) continue;
    if (key === "timeout" && !timesOneTry(step.type)) {
      if (step.time_limit !== undefined) written[key] = time(step.time_limit);
      continue;
    }
    written[key] = Object.hasOwn(FORMS, key) ? FORMS[key]?.(value as never, step) : value;
  }
  return written;
}

const list = (steps: readonly Step[]): Written[] => steps.map(stepOf);

const FORMS: Readonly<Record<string, (value: never, step: Step) => unknown>> = {
  timeout: time,
  lease: time,
  deadline: time,
  wait_at_most: time,
  for: (value: unknown) => (typeof value === "number" ? time(value) : value),
  retry: ({ attempts, initial, backoff }: Step["retry"]) => ({ attempts, initial: time(initial), backoff }),
  output: (schema: unknown) => ({ schema }),
  on_error: (then: OnError) => (then.then === "steps" ? list(then.steps) : then.then),
  on_reject: (then: { then: string; steps?: readonly Step[] }) => (then.steps === undefined ? then.then : list(then.steps)),
  compensate: (undo: Compensation) => ("call" in undo ? undo.call : "program" in undo ? undo.program : undo),
  reconcile: ({ probe, ...rest }: NonNullable<Step["reconcile"]>) => ({ ...flat(probe), ...rest }),
  probe: flat,
  accept: (checks: readonly Acceptance[]) =>
    checks.map(({ probe, ...rest }) => (probe === undefined ? rest : { ...rest, probe: flat(probe) })),
  until: ({ probe, every, hold, within, holds_when }: NonNullable<(Step & { type: "wait" })["until"]>) => ({
    ...flat(probe),
    holds_when,
    every: time(every),
    hold: typeof hold === "number" ? time(hold) : hold,
    within: time(within),
  }),
  then: list,
  else: list,
  steps: list,
  branches: (branches: Readonly<Record<string, readonly Step[]>>) =>
    Object.fromEntries(Object.entries(branches).map(([name, steps]) => [name, list(steps)])),
  cases: (cases: readonly { when: string; steps: readonly Step[] }[]) => cases.map(({ when, steps }) => ({ when, steps: list(steps) })),
};

function flat({ kind: _kind, ...call }: Probe): Written {
  return call;
}

/** Exact to the millisecond. */
function time(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}

function withoutEmpty(fields: Written, kept: readonly string[] = ["steps", "inputs"]): Written {
  const isEmpty = (value: unknown): boolean =>
    value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([key, value]) => kept.includes(key) || !isEmpty(value)));
}
