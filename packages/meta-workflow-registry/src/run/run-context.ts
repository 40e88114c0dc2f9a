import type { Definition, Expression, Json, JsonSchema, Template } from "../definition/definition.ts";
import {
  canonicalJson,
  compileExpression,
  evaluate,
  evaluateCondition,
  ExpressionError,
  fillTemplate,
  fillToText,
  type Scope,
} from "../expression/index.ts";
import { StepFailure } from "./completion.ts";
import { variablesOf } from "./frame.ts";
import type { Here } from "./here.ts";
import type { Journal } from "./journal.ts";
import { KeptRecords } from "./kept-records.ts";
import type { Ports, TimelineEvent, Variables } from "./ports.ts";
import { RunGate } from "./run-gate.ts";
import { RunLocks } from "./run-locks.ts";
import { withUpdates } from "./state.ts";
import { bounded, cut, jsonBytes, KeptBytes, MAX_KEPT_BYTES, MAX_LINE } from "./value-bounds.ts";

/** What a run is made of. */
export interface RunParts {
  readonly definition: Definition;
  readonly journal: Journal;
  readonly ports: Ports;
  readonly run: { readonly id: string; readonly started_at: string };
  /** Bytes that the run may keep. */
  readonly most_kept?: number;
}

/** A run as a step of it finds it: what it has kept, what its expressions see, what it may change. */
export class RunContext extends RunGate {
  readonly journal: Journal;
  readonly ports: Ports;
  readonly definition: Definition;
  readonly run: RunParts["run"];
  readonly locks: RunLocks;
  readonly kept: KeptBytes;
  readonly records: KeptRecords;
  /** Approvals that are being asked anew, by the paths of their records. */
  readonly asking = new Map<string, Promise<void>>();

  constructor(parts: RunParts) {
    super();
    this.journal = parts.journal;
    this.ports = parts.ports;
    this.definition = parts.definition;
    this.run = parts.run;
    this.locks = new RunLocks(parts);
    this.kept = new KeptBytes(parts.most_kept ?? MAX_KEPT_BYTES, () => jsonBytes(parts.journal, 4 * MAX_KEPT_BYTES));
    this.records = new KeptRecords(parts.journal, this.kept);
  }

  /** What expressions of a step see. */
  variables({ step, frame }: Here, more: Variables = {}): Scope {
    return { ...variablesOf(frame, this.journal, this.run, step.needs_state), ...more, now: this.ports.now() };
  }

  /** @throws StepFailure expression_failed */
  evaluate(source: Expression, here: Here, more: Variables = {}): Json {
    return bounded(
      author(() => evaluate(compileExpression(source), this.variables(here, more))),
      "What an expression gives",
      here.path,
    );
  }

  /** @throws StepFailure expression_failed, also where it is no truth value */
  holds(source: Expression, here: Here, more: Variables = {}): boolean {
    return author(() => evaluateCondition(compileExpression(source), this.variables(here, more)));
  }

  /** @throws StepFailure expression_failed */
  fill(template: Template, here: Here, more: Variables = {}): Json {
    return bounded(
      author(() => fillTemplate(template, this.variables(here, more))),
      "A value",
      here.path,
    );
  }

  /** As text: what is no string is written as JSON. @throws StepFailure expression_failed */
  text(template: Template, here: Here, more: Variables = {}): string {
    if (typeof template !== "string") return canonicalJson(this.fill(template, here, more));
    return bounded(
      author(() => fillToText(template, this.variables(here, more))),
      "A text",
      here.path,
    );
  }

  /** A schema that stands alone: what it refers to in its definition is put beside it. */
  schema(schema: JsonSchema, { frame }: Here): JsonSchema {
    const { schemas } = frame.definition;
    return Object.keys(schemas).length > 0 && JSON.stringify(schema).includes('"#/schemas/') ? { ...schema, schemas } : schema;
  }

  /**
   * Changes the state of the scope in which a step stands, all at once.
   *
   * @throws StepFailure bad_state_path, too_large
   */
  update({ frame, path }: Here, updates: readonly (readonly [path: string, value: Json])[]): void {
    const scope = this.journal.scopes[frame.scope];
    if (scope === undefined) return;
    const next = withUpdates(scope.state, updates);
    const fields = new Set(updates.map(([name]) => name.replace(/^state\./, "").replace(/\..*$/, "")));
    const before = [...fields].map((field) => scope.state[field]);
    for (const field of fields)
      this.kept.check(next[field], `The state's field ${cut(field, 200)}`, path, () => jsonBytes(before, MAX_KEPT_BYTES));
    for (const value of before) this.kept.take(value, "");
    for (const field of fields) this.kept.add(next[field], "");
    scope.state = next;
  }

  record(path: string, what: TimelineEvent["what"], text?: string): void {
    this.ports.record({ at: this.ports.now(), path, what, ...(text === undefined ? {} : { text: cut(text, MAX_LINE) }) });
  }
}

/** A failure of the author's expression is one of the step. Foreign errors stay what they are. */
function author<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExpressionError) throw new StepFailure("expression_failed", error.message);
    throw error;
  }
}
