import type { Definition, Expression, Json, JsonSchema, Step, Template } from "../definition/definition.ts";
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
import { stepLists } from "../definition/walk.ts";
import { CANCELLED, NEXT, ScopeCancelled, StepFailure, type Completion, type Failure } from "./completion.ts";
import { variablesOf, type Frame } from "./frame.ts";
import { guardOf } from "./guard.ts";
import type { Journal, StepRecord } from "./journal.ts";
import type { Ports, TimelineEvent, Variables } from "./ports.ts";
import { RunLocks } from "./run-locks.ts";
import { RunGate } from "./run-gate.ts";
import type { RunScope } from "./scope.ts";
import { withUpdates } from "./state.ts";
import { overMark, withinTime } from "./time-limit.ts";
import { bounded, cut, jsonBytes, KeptBytes, MAX_KEPT_BYTES, MAX_LINE } from "./value-bounds.ts";

/** A step that is being carried out. */
export interface Here {
  readonly step: Step;
  readonly path: string;
  readonly frame: Frame;
  readonly scope: RunScope;
}

/** What an executor makes of its step: an output, or an end of its own. */
export type Made = { readonly kind: "output"; readonly output: Json; readonly simulated?: boolean } | Completion;

export type Execute = (walk: Walk, here: Here) => Promise<Made>;
export type Executors = { readonly [type in Step["type"]]: Execute };

export interface WalkOptions {
  readonly definition: Definition;
  readonly journal: Journal;
  readonly ports: Ports;
  readonly run: { readonly id: string; readonly started_at: string };
  readonly executors: Executors;
  /** Bytes that the run may keep. */
  readonly most_kept?: number;
  /** Called once a step is done: keeps what undoes it. */
  readonly finished: (walk: Walk, here: Here) => void;
}

/** Steps that call out themselves: a run is not carried on between such a call and its entry in the journal. */
function callsOut(step: Step): boolean {
  return step.type === "check" || ((step.type === "shell" || step.type === "mcp_call") && step.runs_on === "server");
}

function stepIdAt(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A step with no steps in it leaves nothing below its path. */
function isLeaf(step: Step): boolean {
  return step.type !== "foreach" && step.type !== "workflow" && stepLists(step).length === 0;
}

/** Steps of its own, besides those of its `on_error`; or a request that is to be closed. */
function hasSteps(step: Step): boolean {
  return ["foreach", "workflow", "approval"].includes(step.type) || stepLists(step).some(({ path: [at] }) => at !== "on_error");
}

/** Characters of a failure's words where a run is full. */
const SHORT = 200;

/** The step failed and its `on_error` has steps. */
type Begun = Completion | { readonly kind: "handle" };

/** Walks steps and keeps the journal. Deterministic: all that is not goes through the ports. */
export class Walk extends RunGate {
  readonly journal: Journal;
  readonly ports: Ports;
  readonly definition: Definition;
  readonly run: WalkOptions["run"];
  readonly locks: RunLocks;
  readonly kept: KeptBytes;
  readonly #options: WalkOptions;
  /** Paths of records by each path above them. */
  readonly #below = new Map<string, Set<string>>();

  constructor(options: WalkOptions) {
    super();
    this.#options = options;
    this.journal = options.journal;
    for (const path of Object.keys(options.journal.steps)) this.#index(path);
    this.ports = options.ports;
    this.definition = options.definition;
    this.run = options.run;
    this.locks = new RunLocks(options);
    this.kept = new KeptBytes(options.most_kept ?? MAX_KEPT_BYTES, () => jsonBytes(options.journal, 4 * MAX_KEPT_BYTES));
  }

  /** Before a step or an item: what began before the run was carried on is entered while it is paused, to be waited for. */
  async enter(path: string): Promise<void> {
    if (!this.isPaused || this.journal.began[path] === undefined) await this.gate();
  }

  /** One step after the other. */
  async steps(steps: readonly Step[], base: string, frame: Frame, scope: RunScope): Promise<Completion> {
    for (const step of steps) {
      const completion = await this.step(step, base === "" ? step.id : `${base}/${step.id}`, frame, scope);
      if (completion.kind !== "next") return completion;
    }
    return NEXT;
  }

  /** One step, unless the journal has it already. */
  async step(step: Step, path: string, frame: Frame, scope: RunScope): Promise<Completion> {
    const here: Here = { step, path, frame, scope };
    const known = this.journal.steps[path];
    if (known !== undefined) return this.#known(here, known);
    if (scope.cancelled && !this.#isEntered(here)) {
      // An action of it that is open still was open when the run was carried on: it is withdrawn.
      if (this.journal.began[path] !== undefined) this.ports.taken(path);
      return CANCELLED;
    }
    await this.enter(path);
    const begun = callsOut(step) ? await this.busy(() => this.#begin(here)) : await this.#begin(here);
    return begun.kind === "handle" ? this.#handle(here) : begun;
  }

  /** Though all around it is cancelled: it began before the run was carried on, and some of it is to come to its end. */
  #isEntered({ step, path }: Here): boolean {
    const { began, marks } = this.journal;
    return began[path] !== undefined && (hasSteps(step) || (callsOut(step) && marks[path] !== undefined));
  }

  async #begin(here: Here): Promise<Begun> {
    const { step, path } = here;
    try {
      if (this.journal.began[path] === undefined) {
        if (step.when !== undefined && !this.holds(step.when, here)) {
          this.#write(here, { status: "skipped" });
          return NEXT;
        }
        guardOf(this, here);
        this.journal.began[path] = this.ports.now();
        this.record(path, "started", step.title);
      }
      const execute = (place: Here): Promise<Made> => this.#options.executors[step.type](this, place);
      const made = step.time_limit === undefined ? await execute(here) : await withinTime(this, here, execute);
      if (made.kind === "output") return this.#finish(here, made.output, made.simulated);
      if (made.kind === "failed") return this.#failed(here, made.failure);
      return made;
    } catch (error) {
      if (error instanceof ScopeCancelled) return CANCELLED;
      if (!(error instanceof StepFailure)) throw error;
      const { code, message, declined } = error;
      return this.#failed(here, { code, message, path, ...(declined ? { declined } : {}) });
    }
  }

  #finish(here: Here, output: Json, simulated: boolean | undefined): Completion {
    const { step, path } = here;
    this.kept.check(output, "The output", path, isLeaf(step) ? undefined : () => this.freedBy(path));
    if (step.output_to !== undefined) this.update(here, [[step.output_to, output]]);
    this.#write(here, { status: "done", output, ...(simulated === true ? { simulated } : {}) });
    this.#options.finished(this, here);
    return step.type === "return" ? { kind: "return", value: output } : NEXT;
  }

  #failed(here: Here, failure: Failure): Begun {
    const { step, path, scope } = here;
    const isOwn = failure.path === path;
    // What ends the whole run is not caught on its way up.
    if (!isOwn && (failure.compensate === true || failure.declined === true)) return { kind: "failed", failure };
    const { then } = step.on_error;
    const error = { code: failure.code, message: failure.message };
    if (scope.cancelled) {
      this.#write(here, { status: "failed", error, cut: true });
      return CANCELLED;
    }
    if (then === "continue") {
      this.#write(here, { status: "failed", error });
      return NEXT;
    }
    if (then === "steps") {
      this.#write(here, { status: "failed", error, then: "steps" });
      return { kind: "handle" };
    }
    const stop = then === "compensate" ? { ...failure, compensate: true } : failure;
    this.#write(here, { status: "failed", error, then: { stop } });
    return { kind: "failed", failure: stop };
  }

  async #known(here: Here, record: StepRecord): Promise<Completion> {
    if (record.then === "steps") return this.#handle(here);
    if (record.then !== undefined) return { kind: "failed", failure: record.then.stop };
    return here.step.type === "return" && record.status === "done" ? { kind: "return", value: record.output ?? null } : NEXT;
  }

  async #handle({ step, path, frame, scope }: Here): Promise<Completion> {
    if (step.on_error.then !== "steps") return NEXT;
    const record = this.journal.steps[path]!;
    const handler: Frame = { ...frame, added: { ...frame.added, error: { ...record.error!, step: step.id } } };
    const completion = await this.steps(step.on_error.steps, `${path}/on_error`, handler, scope);
    if (completion.kind !== "next") return completion;
    const { then: _, ...handled } = record;
    this.journal.steps[path] = handled;
    return NEXT;
  }

  #write({ step, path, frame }: Here, result: Omit<StepRecord, "started_at" | "ended_at">): void {
    const { journal, ports } = this;
    const now = ports.now();
    this.put(path, { ...result, started_at: journal.began[path] ?? now, ended_at: now });
    const visible = (journal.visible[frame.key] ??= {});
    const before = visible[step.id];
    // An earlier turn of a loop: its record was kept only to be seen.
    if (before !== undefined && before !== path) {
      this.kept.take(journal.steps[before], before);
      delete journal.steps[before];
    }
    visible[step.id] = path;
    if (isLeaf(step)) this.#dropOwn(path);
    // What was done in a step that ends the run is kept: the run may be taken up again from there.
    else if (result.cut !== true && typeof result.then !== "object") this.drop(path);
    this.record(path, result.status, result.error?.message ?? step.title);
    ports.taken(path);
  }

  #dropOwn(path: string): void {
    const { began, marks } = this.journal;
    delete began[path];
    delete marks[path];
    delete marks[overMark(path)];
    // Its first action is #1; where a person was asked whether a call happened, #2 and on.
    for (let asked = 1; asked <= 2 || marks[`${path}#${asked}`] !== undefined; asked += 1) delete marks[`${path}#${asked}`];
  }

  /** Writes a record, so that `drop` finds it. */
  put(path: string, record: StepRecord): void {
    const { error } = record;
    const isShort = error === undefined || error.message.length <= SHORT || !this.kept.isFull;
    const kept = isShort ? record : { ...record, error: { ...error, message: cut(error.message, SHORT) } };
    this.journal.steps[path] = kept;
    this.kept.add(kept, path);
    this.#index(path);
  }

  #index(path: string): void {
    for (let at = 1; at < path.length; at += 1) {
      if (path[at] !== "/" && path[at] !== "[") continue;
      const above = path.slice(0, at);
      const below = this.#below.get(above);
      if (below === undefined) this.#below.set(above, new Set([path]));
      else below.add(path);
    }
  }

  /** Bytes of what `drop` would forget. */
  freedBy(path: string): number {
    const isBelow = (key: string): boolean => key.startsWith(path) && /^[/[#]?$/.test(key.charAt(path.length));
    const { steps, visible, scopes, marks } = this.journal;
    const outside = new Set(Object.entries(visible).flatMap(([frame, ids]) => (isBelow(frame) ? [] : Object.values(ids))));
    const gone = [
      ...[...(this.#below.get(path) ?? [])].filter((key) => !outside.has(key)).map((key) => steps[key]),
      ...Object.keys(scopes)
        .filter(isBelow)
        .map((key) => scopes[key]),
      ...Object.keys(marks)
        .filter(isBelow)
        .map((key) => marks[key]),
    ];
    return gone.reduce((sum: number, value) => sum + jsonBytes(value, MAX_KEPT_BYTES), 0);
  }

  /** Forgets what is at and below a path, except the record of the path itself and those that a frame outside of it still shows. */
  drop(path: string): void {
    const isBelow = (key: string): boolean => key.startsWith(path) && /^[/[#]?$/.test(key.charAt(path.length));
    const { steps, visible, scopes, began, marks } = this.journal;
    // These hold what is unfinished only: they are short.
    for (const key of Object.keys(scopes)) if (isBelow(key)) this.kept.take(scopes[key], key);
    for (const key of Object.keys(marks)) if (isBelow(key) && Array.isArray(marks[key])) this.kept.take(marks[key], key);
    for (const part of [visible, scopes, began, marks]) for (const key of Object.keys(part)) if (isBelow(key)) delete part[key];
    const kept = new Set<string>();
    for (const key of this.#below.get(path) ?? []) {
      if (Object.values(visible).some((ids) => ids[stepIdAt(key)] === key)) kept.add(key);
      else {
        this.kept.take(steps[key], key);
        delete steps[key];
      }
    }
    if (kept.size === 0) this.#below.delete(path);
    else this.#below.set(path, kept);
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
