import type { Definition, Json } from "../definition/definition.ts";
import { CANCELLED, ScopeCancelled, StepFailure, type Completion, type RunEnd } from "./completion.ts";
import { compensate, keepUndo } from "./compensation.ts";
import type { Frame } from "./frame.ts";
import { withDefaults } from "./isolated.ts";
import { emptyJournal, type Journal } from "./journal.ts";
import type { Ports } from "./ports.ts";
import { needsLocks, takeLocks } from "./definition-locks.ts";
import { RunScope } from "./scope.ts";
import { agentWork } from "./steps/agent-work.ts";
import { approve } from "./steps/approve.ts";
import { check } from "./steps/check.ts";
import { clientWork } from "./steps/client-work.ts";
import { choose, condition, fail, giveBack, loop, setState } from "./steps/control.ts";
import { foreach } from "./steps/foreach.ts";
import { parallel } from "./steps/parallel.ts";
import { question } from "./steps/question.ts";
import { serverWork } from "./steps/server-work.ts";
import { lastSteps, subWorkflow } from "./steps/sub-workflow.ts";
import { wait } from "./steps/wait.ts";
import type { Here } from "./here.ts";
import { Walk, type Execute, type Executors } from "./walk.ts";

export interface RunOptions {
  readonly definition: Definition;
  /** They fit the definition's schema; its defaults are applied here. */
  readonly inputs: { readonly [name: string]: Json };
  /** Of the run that is carried on; changed in place. Absent: it begins. */
  readonly journal?: Journal;
  readonly ports: Ports;
  /** Bytes that it may keep of its steps; 1,000,000 by default. */
  readonly most_kept?: number;
  /** It begins paused: it was when it was carried on. */
  readonly paused?: boolean;
  /** `started_at` in milliseconds since 1970; both stay the same when the run is carried on. */
  readonly run: { readonly id: string; readonly started_at: number };
  /** Its time counts from here where it failed and was taken up again; milliseconds since 1970. */
  readonly taken_up_at?: number | undefined;
}

const byPlace: Execute = (walk, here) =>
  (here.step as { readonly runs_on?: string }).runs_on === "client" ? clientWork(walk, here) : serverWork(walk, here);

const EXECUTORS: Executors = {
  condition,
  set_state: setState,
  foreach,
  return: giveBack,
  shell: byPlace,
  mcp_call: byPlace,
  prompt: agentWork,
  wait,
  delegate: agentWork,
  parallel,
  switch: choose,
  loop,
  approval: approve,
  ask: question,
  check,
  workflow: subWorkflow,
  fail,
};

/** A run that goes on: `end` settles once, the other methods are for whoever keeps it. */
export class Run {
  readonly journal: Journal;
  readonly end: Promise<RunEnd>;
  readonly #walk: Walk;
  readonly #scope = new RunScope();
  readonly #options: RunOptions;
  readonly #needsLocks: boolean;

  /** Begins at once, or goes on where the journal's run stopped. */
  constructor(options: RunOptions) {
    const { definition, ports, run } = options;
    this.#options = options;
    this.journal = options.journal ?? emptyJournal();
    this.#walk = new Walk({
      definition,
      journal: this.journal,
      ports,
      run: { id: run.id, started_at: new Date(run.started_at).toISOString() },
      executors: EXECUTORS,
      ...(options.most_kept === undefined ? {} : { most_kept: options.most_kept }),
      finished: keepUndo,
    });
    if (options.paused === true) this.#walk.pause();
    this.#needsLocks = needsLocks(this.#walk, definition);
    this.end = this.#run();
  }

  /**
   * From here on no step begins. Resolves once no call is under way: what the journal and the action book say then is all that
   * another run needs to carry on. Actions, approvals and timers may be open. A held run never ends.
   */
  hold(): Promise<void> {
    return this.#walk.hold();
  }

  /**
   * From here on nothing begins, until `resume`: no step, no further call or look of a step, and no limit of time ends anything.
   * What is under way goes on; open actions are the book's. A cancelled run is not paused.
   */
  pause(): void {
    this.#walk.pause();
  }

  resume(): void {
    this.#walk.resume();
  }

  /** Ends the run; with "compensate", what was done is undone first. `finally` runs in both cases. */
  cancel(mode: "stop" | "compensate"): void {
    if (this.journal.ending !== undefined) return;
    this.journal.cancel ??= mode;
    this.#scope.cancel();
    this.#walk.resume();
  }

  async #run(): Promise<RunEnd> {
    const { journal } = this;
    const { definition } = this.#options;
    const frame: Frame = { key: "", scope: "", definition, depth: 0, added: {} };
    const timer = new RunScope();
    if (journal.ending === undefined) void this.#watchTime(timer);
    if (journal.cancel !== undefined || journal.out_of_time === true) this.#scope.cancel();
    const ending = await this.#ending(frame);
    timer.cancel();
    const isUndone =
      ending.kind === "cancelled" ? journal.cancel === "compensate" : ending.kind === "failed" && ending.failure.compensate === true;
    if (this.#hasBegun()) {
      if (isUndone) await compensate(this.#walk);
      await lastSteps(this.#walk, { path: "", frame }, definition.finally);
    }
    const end = this.#endOf(ending, frame, isUndone);
    const in_doubt = Object.keys(journal.steps).filter((path) => journal.steps[path]?.error?.code === "outcome_unknown");
    return in_doubt.length === 0 ? end : { ...end, in_doubt };
  }

  async #ending(frame: Frame): Promise<Completion> {
    const { journal } = this;
    const { definition } = this.#options;
    const takesLocks = this.#needsLocks && (journal.ending === undefined || this.#walk.locks.holds(""));
    let hindered = this.#begin(frame);
    if (takesLocks && hindered === undefined) hindered = await this.#takeLocks(frame);
    journal.ending ??= this.#inTime(hindered ?? (await this.#walk.steps(definition.steps, "", frame, this.#scope)));
    return journal.ending;
  }

  /** What hinders the run is its end: then no step has begun. */
  #begin(frame: Frame): Completion | undefined {
    const { definition, inputs } = this.#options;
    try {
      if (this.journal.scopes[""] === undefined) this.#beginState(frame, withDefaults(definition.inputs, inputs));
      return undefined;
    } catch (error) {
      return hindranceOf(error);
    }
  }

  async #takeLocks(frame: Frame): Promise<Completion | undefined> {
    try {
      await takeLocks(this.#walk, this.#options.definition, placeOf(frame, this.#scope));
      return undefined;
    } catch (error) {
      return hindranceOf(error);
    }
  }

  /** False for one that ended while it waited for its locks: what others hold is not touched, not even to tidy up. */
  #hasBegun(): boolean {
    return !this.#needsLocks || this.#walk.locks.holds("") || Object.keys(this.journal.steps).length > 0;
  }

  #inTime(completion: Completion): Completion {
    if (this.journal.out_of_time !== true || completion.kind !== "cancelled") return completion;
    return { kind: "failed", failure: { code: "out_of_time", message: "The run took longer than its definition allows.", path: "" } };
  }

  #beginState(frame: Frame, inputs: { readonly [name: string]: Json }): void {
    const { scopes } = this.journal;
    const { initial_state } = this.#options.definition;
    scopes[""] = { inputs, state: {} };
    const here = placeOf(frame, this.#scope);
    const state = Object.fromEntries(Object.entries(initial_state).map(([name, template]) => [name, this.#walk.fill(template, here)]));
    this.#walk.kept.check(state, "The state", "");
    scopes[""] = { inputs, state };
    this.#walk.kept.add(state, "");
  }

  async #watchTime(timer: RunScope): Promise<void> {
    const { definition, ports, run, taken_up_at } = this.#options;
    const left = (taken_up_at ?? run.started_at) + definition.budget.wall_time - ports.now();
    if (!(await ports.sleep(Math.max(0, left), timer, { shown: false })) || this.journal.ending !== undefined) return;
    if (this.#walk.isPaused) await this.#walk.gate();
    if (timer.cancelled) return;
    this.journal.out_of_time = true;
    this.#scope.cancel();
  }

  #endOf(ending: Completion, frame: Frame, isUndone: boolean): RunEnd {
    const hasFailedUndo = this.journal.undo_failed === true;
    if (ending.kind === "cancelled") return { status: hasFailedUndo ? "compensation_failed" : "cancelled" };
    if (ending.kind === "failed") {
      const { code, message, path, declined } = ending.failure;
      const word = declined === true ? "declined" : isUndone ? "compensated" : "failed";
      return { status: hasFailedUndo ? "compensation_failed" : word, error: { code, message, path } };
    }
    if (ending.kind === "return") return { status: "completed", output: ending.value };
    const { output } = this.#options.definition;
    if (output === undefined) return { status: "completed", output: null };
    try {
      return { status: "completed", output: this.#walk.fill(output, placeOf(frame, this.#scope)) };
    } catch (error) {
      if (!(error instanceof StepFailure)) throw error;
      return { status: "failed", error: { code: error.code, message: error.message, path: "output" } };
    }
  }
}

/** Carries a definition out to its end. */
export function interpret(options: RunOptions): Promise<RunEnd> {
  return new Run(options).end;
}

function hindranceOf(error: unknown): Completion {
  if (error instanceof ScopeCancelled) return CANCELLED;
  if (!(error instanceof StepFailure)) throw error;
  return { kind: "failed", failure: { code: error.code, message: error.message, path: "" } };
}

/** Where the definition's own templates stand, which belong to no step. */
function placeOf(frame: Frame, scope: RunScope): Here {
  const step = { id: "", type: "set_state", updates: {}, on_error: { then: "stop" } } as unknown as Here["step"];
  return { step, path: "", frame, scope };
}
