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

/** What `steps` means in a frame: looked up when it is asked for, because there may be a thousand and most expressions name one. */
function stepsOf(frame: Frame, journal: Journal): { readonly [id: string]: Json } {
  const find = (id: string | symbol): Json | undefined => {
    const record = typeof id === "string" ? recordOf(frame, journal, id) : undefined;
    return record === undefined ? undefined : stepValue(record);
  };
  return new Proxy<{ readonly [id: string]: Json }>(
    {},
    {
      get: (_, id) => find(id),
      has: (_, id) => find(id) !== undefined,
      ownKeys: () => idsOf(frame, journal),
      getOwnPropertyDescriptor: (_, id) => {
        const value = find(id);
        return value === undefined ? undefined : { value, enumerable: true, configurable: true };
      },
    },
  );
}

/** The path of the record that a step's id means in a frame. */
export function pathOf(frame: Frame, journal: Journal, id: string): string | undefined {
  const shown = journal.visible[frame.key];
  const path = shown !== undefined && Object.hasOwn(shown, id) ? shown[id] : undefined;
  if (path !== undefined) return path;
  return frame.outer === undefined ? undefined : pathOf(frame.outer, journal, id);
}

/** The record that a step's id means in a frame. */
export function recordOf(frame: Frame, journal: Journal, id: string): StepRecord | undefined {
  const path = pathOf(frame, journal, id);
  return path === undefined ? undefined : journal.steps[path];
}

function idsOf(frame: Frame, journal: Journal): string[] {
  const outer = frame.outer === undefined ? [] : idsOf(frame.outer, journal);
  return [...new Set([...outer, ...Object.keys(journal.visible[frame.key] ?? {})])];
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
