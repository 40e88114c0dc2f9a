import type { Json, Step } from "../definition/definition.ts";
import { stepLists } from "../definition/walk.ts";
import { askAnew, isApprovalOld } from "./ask-anew.ts";
import { CANCELLED, NEXT, ScopeCancelled, StepFailure, type Completion, type Failure, type Made } from "./completion.ts";
import type { Frame } from "./frame.ts";
import { guardOf } from "./guard.ts";
import type { Here } from "./here.ts";
import type { StepRecord } from "./journal.ts";
import { RunContext, type RunParts } from "./run-context.ts";
import type { RunScope } from "./scope.ts";
import { withinTime } from "./time-limit.ts";

export type Execute = (walk: Walk, here: Here) => Promise<Made>;
export type Executors = { readonly [type in Step["type"]]: Execute };

export interface WalkOptions extends RunParts {
  readonly executors: Executors;
  /** Called once a step is done: keeps what undoes it. */
  readonly finished: (walk: Walk, here: Here) => void;
}

/** Steps that call out themselves: a run is not carried on between such a call and its entry in the journal. */
function callsOut(step: Step): boolean {
  return step.type === "check" || ((step.type === "shell" || step.type === "mcp_call") && step.runs_on === "server");
}

/** A step with no steps in it leaves nothing below its path. */
function isLeaf(step: Step): boolean {
  return step.type !== "foreach" && step.type !== "workflow" && stepLists(step).length === 0;
}

/** Steps of its own, besides those of its `on_error`; or a request that is to be closed. */
function hasSteps(step: Step): boolean {
  return ["foreach", "workflow", "approval"].includes(step.type) || stepLists(step).some(({ path: [at] }) => at !== "on_error");
}

/** The step failed and its `on_error` has steps. */
type Begun = Completion | { readonly kind: "handle" };

/** Walks steps and keeps the journal. Deterministic: all that is not goes through the ports. */
export class Walk extends RunContext {
  readonly #options: WalkOptions;

  constructor(options: WalkOptions) {
    super(options);
    this.#options = options;
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
    // A person's answer may take days: it is waited for before the step counts as under way.
    const refused = isApprovalOld(this, here) ? await this.#askAnew(here) : undefined;
    if (refused !== undefined) return refused.kind === "handle" ? this.#handle(here) : refused;
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
      return this.#hindered(here, error);
    }
  }

  /** Nothing where it may begin. */
  async #askAnew(here: Here): Promise<Begun | undefined> {
    try {
      await askAnew(this, here);
      return undefined;
    } catch (error) {
      return this.#hindered(here, error);
    }
  }

  #hindered(here: Here, error: unknown): Begun {
    if (error instanceof ScopeCancelled) return CANCELLED;
    if (!(error instanceof StepFailure)) throw error;
    const { code, message, declined } = error;
    return this.#failed(here, { code, message, path: here.path, ...(declined ? { declined } : {}) });
  }

  #finish(here: Here, output: Json, simulated: boolean | undefined): Completion {
    const { step, path } = here;
    this.kept.check(output, "The output", path, isLeaf(step) ? undefined : () => this.records.freedBy(path));
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
    this.records.put(path, { ...result, started_at: journal.began[path] ?? now, ended_at: now });
    const visible = (journal.visible[frame.key] ??= {});
    const before = visible[step.id];
    // An earlier turn of a loop: its record was kept only to be seen.
    if (before !== undefined && before !== path) {
      this.kept.take(journal.steps[before], before);
      delete journal.steps[before];
    }
    visible[step.id] = path;
    if (isLeaf(step)) this.records.forgetMarks(path);
    // What was done in a step that ends the run is kept: the run may be taken up again from there.
    else if (result.cut !== true && typeof result.then !== "object") this.records.drop(path);
    this.record(path, result.status, result.error?.message ?? step.title);
    ports.taken(path);
  }
}
