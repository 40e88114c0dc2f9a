import type { Definition, Json } from "../definition/definition.ts";
import type { Journal, StepRecord } from "./journal.ts";
import type { Variables } from "./ports.ts";

// Where a step stands: which state and inputs it sees, which steps its expressions may name, what its loop adds.

export interface Frame {
  /** Path of the frame; key of what is visible in it. */
  readonly key: string;
  /** Path of the isolated scope (run, task, sub-workflow) whose inputs and state are seen. */
  readonly scope: string;
  readonly definition: Definition;
  /** Depth of sub-workflows. */
  readonly depth: number;
  /** Whose steps are seen besides; none across an isolated scope. */
  readonly outer?: Frame;
  /** `item`, `index`, … */
  readonly added: Variables;
  /** Who carries out agents' work that names no role itself. */
  readonly role?: string;
}

/** What `steps` means in a frame. */
function stepsOf(frame: Frame, journal: Journal): { [id: string]: Json } {
  const steps = frame.outer === undefined ? {} : stepsOf(frame.outer, journal);
  for (const [id, path] of Object.entries(journal.visible[frame.key] ?? {})) {
    const record = journal.steps[path];
    if (record !== undefined) steps[id] = stepValue(record);
  }
  return steps;
}

function stepValue({ status, output, error }: StepRecord): Json {
  return { status, output: output ?? null, ...(error === undefined ? {} : { error }) };
}

/** Everything that an expression of a step sees. */
export function variablesOf(frame: Frame, journal: Journal, run: Json, only_state?: readonly string[]): Variables {
  const { inputs, state } = journal.scopes[frame.scope] ?? { inputs: {}, state: {} };
  const seen = only_state === undefined ? state : pick(state, only_state);
  const { env, secrets } = frame.definition;
  return { inputs, state: seen, steps: stepsOf(frame, journal), run, env, secrets: namesOf(secrets), ...addedOf(frame) };
}

function addedOf(frame: Frame): Variables {
  return frame.outer === undefined ? frame.added : { ...addedOf(frame.outer), ...frame.added };
}

function pick(state: Variables, names: readonly string[]): Variables {
  return Object.fromEntries(Object.entries(state).filter(([name]) => names.includes(name)));
}

/** A secret's value is known to nobody but whoever makes the call; here it is a name for it. */
function namesOf(secrets: readonly string[]): Json {
  return Object.fromEntries(secrets.map((name) => [name, `secret://${name}`]));
}
