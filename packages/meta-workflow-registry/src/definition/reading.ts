import type { JsonSchema, Retry, Step } from "./definition.ts";
import type { ProblemList } from "./problem-list.ts";
import type { Path } from "./yaml-text.ts";

/** What holds for steps that say nothing. */
export interface StepDefaults {
  readonly timeout: number | undefined;
  readonly retry: Retry | undefined;
  readonly lease: number | undefined;
  /** A schema with the definition's own schemas to which it refers. */
  readonly standAlone: (schema: JsonSchema) => JsonSchema;
}

/** Where a step was written, and under which names its fields. */
export interface StepSource {
  readonly path: Path;
  /** Field → the name under which it was written. */
  readonly written: Readonly<Record<string, string>>;
  /** It could not be read: it stands for its id only, and nothing in it is checked. */
  readonly broken: boolean;
}

/** What goes along while a definition is read. */
export interface Reading {
  readonly problems: ProblemList;
  readonly sources: Map<Step, StepSource>;
  readonly defaults: StepDefaults;
  /** Reasons why steps need no compensation, by step. */
  readonly excused: Set<Step>;
  steps: number;
}

/** An object without its undefined fields. */
export type Defined<T> = { [Key in keyof T as undefined extends T[Key] ? never : Key]: T[Key] } & {
  [Key in keyof T as undefined extends T[Key] ? Key : never]?: Exclude<T[Key], undefined>;
};

/** Leaves undefined fields out. */
export function defined<T extends object>(value: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(value)) if (field !== undefined) kept[key] = field;
  return kept as Defined<T>;
}
