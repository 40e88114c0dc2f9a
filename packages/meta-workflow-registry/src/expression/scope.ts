import type { Json } from "../definition/definition.ts";
import type { Reference } from "./references.ts";
import { toExpressionValue } from "./values.ts";

/** What an expression sees: variables by name. `now`, milliseconds since 1970, is what `now()` gives; it is no variable. */
export interface Scope {
  readonly now?: number;
  readonly [variable: string]: Json | undefined;
}

interface Wanted {
  whole: boolean;
  readonly fields: Map<string, Wanted>;
}

const none = (): Wanted => ({ whole: false, fields: new Map() });

/** Which parts of a scope are read: only those are handed over, so that a small question about a large state costs little. */
export function wantedParts(references: readonly Reference[]): Wanted {
  const root = none();
  for (const { path } of references) {
    let at = root;
    for (const name of path) {
      let next = at.fields.get(name);
      if (next === undefined) at.fields.set(name, (next = none()));
      at = next;
    }
    at.whole = true;
  }
  return root;
}

/** The variables of an expression's scope, as the language takes them. */
export function scopeValues(scope: Scope, wanted: Wanted): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, part] of wanted.fields) {
    if (name === "now" || !Object.hasOwn(scope, name) || scope[name] === undefined) continue;
    values[name] = pick(scope[name], part);
  }
  return values;
}

function pick(value: Json | undefined, wanted: Wanted): unknown {
  if (wanted.whole || value === null || typeof value !== "object" || Array.isArray(value)) return toExpressionValue(value);
  const fields = value as Readonly<Record<string, Json | undefined>>;
  const map = new Map<string, unknown>();
  for (const [name, part] of wanted.fields) {
    if (Object.hasOwn(fields, name) && fields[name] !== undefined) map.set(name, pick(fields[name], part));
  }
  return map;
}
