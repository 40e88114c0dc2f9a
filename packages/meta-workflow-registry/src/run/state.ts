import type { Json } from "../definition/definition.ts";
import { StepFailure } from "./completion.ts";

type State = { readonly [name: string]: Json };

const SEGMENT = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const REFUSED = new Set(["__proto__", "prototype", "constructor"]);

/**
 * The state with these fields set, all at once; `a.b` reaches into an object and makes it where there is none.
 *
 * @throws StepFailure bad_state_path
 */
export function withUpdates(state: State, updates: readonly (readonly [path: string, value: Json])[]): State {
  let next = state;
  for (const [path, value] of updates) {
    const segments = path.replace(/^state\./, "").split(".");
    if (segments.some((segment) => !SEGMENT.test(segment) || REFUSED.has(segment)))
      throw new StepFailure("bad_state_path", `"${path}" is no field of the state.`);
    next = setAt(next, segments, value) as State;
  }
  return next;
}

function setAt(value: Json | undefined, [segment, ...rest]: readonly string[], to: Json): Json {
  if (segment === undefined) return to;
  const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? (value as State) : {};
  return { ...fields, [segment]: setAt(Object.hasOwn(fields, segment) ? fields[segment] : undefined, rest, to) };
}
