import type { Definition, JsonSchema, Step } from "../definition.ts";
import type { ProblemList } from "../problem-list.ts";
import type { StepSource } from "../reading.ts";
import type { Ran } from "./ran.ts";

/** What checks go by: the definition, its problems so far, and where its steps were written. */
export interface Checking {
  readonly definition: Definition;
  readonly problems: ProblemList;
  readonly sources: ReadonlyMap<Step, StepSource>;
  readonly excused: ReadonlySet<Step>;
}

/** What an expression may read in one scope: of a run, or of a task. */
export interface Scope {
  readonly inputs: JsonSchema;
  readonly state: ReadonlySet<string>;
  /** Steps that may be named. */
  readonly steps: ReadonlyMap<string, Step>;
  /** `item`, `index`, … */
  readonly variables: ReadonlySet<string>;
  /** Steps of which a condition around says that they ran. */
  readonly assumed: ReadonlySet<string>;
  /** In a task: whoever calls it may have asked for approval. */
  readonly isTask: boolean;
}

/** A place where an expression is evaluated. */
export interface View {
  readonly scope: Scope;
  readonly ran: Ran;
  readonly also: readonly string[];
  readonly needs: readonly string[] | undefined;
  readonly result: JsonSchema | undefined;
  readonly secrets: boolean;
}

/** A view without steps: of locks, of the state's beginning. */
export function plainView(scope: Scope, ran: Ran): View {
  return { scope, ran, also: [], needs: undefined, result: undefined, secrets: false };
}
