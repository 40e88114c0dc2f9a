import type { Cel } from "./cel.ts";

/** What the names of a template mean where it stands. */
export interface Names {
  /** A variable by its name. @throws Refused */
  variable(name: string): Cel;
  /** Known to be true or false: `inputs.flag`. */
  isBoolean(source: string): boolean;
  /** The id that a step has here. */
  stepId(name: string): string;
  /** A variable of the environment, as a literal where it is allowed; undefined where it is not, or is not set. */
  environment(name: string): string | undefined;
  /** Words that are different at each place where this is asked, and the same each time the template is read. */
  place(): string;
  /** True where the same template is read for each item of a list. */
  readonly inItems: boolean;
  /** Tells the author what was changed. */
  told(change: string): void;
}

/** Names with some more bound to expressions of their own: variables of a loop. */
export function withBound(names: Names, bound: ReadonlyMap<string, Cel>): Names {
  return { ...names, variable: (name) => bound.get(name) ?? names.variable(name) };
}
