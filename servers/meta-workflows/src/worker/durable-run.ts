import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import { ActionBook, ActionDesk, cut, problemsOf, Run, type RunEnd, type TimelineEvent } from "@platform-ops/meta-workflow-registry/run";
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from "@temporalio/workflow";
import { quick } from "./activity-options.ts";
import { untilCalm, untilCalmByRounds } from "./calm.ts";
import { drawAttemptId } from "./draw-id.ts";
import { DurablePorts } from "./durable-ports.ts";
import { refusalError } from "./refusal-failure.ts";
import {
  ANSWER_WITHIN_MS,
  type Asking,
  type Begin,
  type Control,
  type Look,
  type RunAnswer,
  type RunInput,
  type Submit,
} from "./run-contract.ts";
import { bytesOf, fitting, MOST_IN_A_MESSAGE, mostKept, roomLeft } from "./kept-bytes.ts";
import { fittingReport, reportedOf, shortTimeline, stateOf, tooLargeToGoOn } from "./run-state.ts";
import { cameOf, failure, filterOf, lateLines, move, submissionOf } from "./run-messages.ts";
import { peekActions } from "./peek.ts";
import { admitBegin, admitControl, admitSubmit } from "./run-admission.ts";
import { RunPause } from "./run-pause.ts";
import { ToldStatus } from "./told-status.ts";
import { RunView } from "./run-view.ts";

/** Below Temporal's own limits (2,000 updates, 51,200 events), so that what is in flight always finds room. */
const MOST_UPDATES = 1_500;
const MOST_EVENTS = 8_000;
const TIMELINE_LINES = 500;

/** One durable run: the book of its actions, the interpreter over its ports, and what is told of them. */
export class DurableRun {
  readonly #input: RunInput;
  readonly #desk: ActionDesk;
  readonly #ports: DurablePorts;
  readonly #run: Run;
  readonly #started: number;
  readonly #timeline: TimelineEvent[];
  readonly #pause: RunPause;
  /** Bytes that it may keep of its steps. */
  readonly #most: number;
  #end: RunEnd | undefined;
  #updates = 0;
  #holding = false;
  #dirty = true;
  #touches = 0;
  readonly #tells: boolean;
  /** Answers that are being made now: what they will say needs no memo. */
  #answering = 0;
  readonly #told = new ToldStatus();
  readonly #view: RunView;

  constructor(input: RunInput) {
    const { carried, closure } = input;
    const { workflowId } = workflowInfo();
    this.#input = input;
    this.#tells = input.answers_tell === true;
    this.#started = carried?.started_at ?? Date.now();
    this.#timeline = [...(carried?.timeline ?? [])];
    this.#pause = new RunPause(carried);
    const { steps, open } = mostKept(input);
    this.#most = steps;
    const book = ActionBook.create({ newId: drawAttemptId, validate: problemsOf, max_open_bytes: open }, carried?.book);
    this.#desk = new ActionDesk(
      book,
      () => Date.now(),
      () => this.#touch(),
    );
    if (this.#pause.holdsAll) this.#desk.pause();
    this.#ports = new DurablePorts({
      input,
      desk: this.#desk,
      isPaused: () => this.#pause.isPaused,
      pausesCallsOnly: () => !this.#pause.holdsAll,
      room: () => this.#room(),
      record: (event) => this.#timeline.push(event),
      touched: () => this.#touch(),
      woken: () => void (this.#tells && (this.#touches += 1)),
    });
    this.#run = new Run({
      paused: this.#pause.holdsAll,
      most_kept: this.#most,
      definition: this.#ports.definition(closure.root),
      inputs: input.inputs,
      ports: this.#ports,
      run: { id: workflowId, started_at: this.#started },
      taken_up_at: carried?.taken_up_at,
      ...(carried === undefined ? {} : { journal: carried.journal }),
    });
    const { journal } = this.#run;
    this.#view = new RunView({ input, book, ports: this.#ports, pause: this.#pause, journal, end: () => this.#end });
  }

  /** Until the run has ended, or is carried on by another execution. */
  async drive(): Promise<RunEnd> {
    void this.#run.end.then((end) => {
      this.#end = end;
      this.#touch();
    });
    void this.#watchDeadlines();
    for (;;) {
      await condition(() => (this.#dirty && (this.#answering === 0 || this.#ports.busy)) || this.#isLong());
      this.#dirty = false;
      if (this.#end !== undefined) return await this.#finish(this.#end);
      if (this.#isLong()) return await this.#carryOn();
      this.#told.keep(this.#view.status());
    }
  }

  // What comes from outside.

  mayBegin(begin: Begin): void {
    admitBegin(begin, this.#input);
  }

  /** The making of an answer: what changes meanwhile it tells itself, unless it has to wait for a call. */
  answering<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#tells) return work();
    this.#answering += 1;
    return work().finally(() => void (this.#answering -= 1));
  }

  async begin(asking: Begin): Promise<RunAnswer> {
    return await this.#answerSoon(asking);
  }

  maySubmit(submit: Submit): void {
    admitSubmit(submit, this.#desk.book, () => this.#room(), this.#most);
  }

  async submit(submit: Submit): Promise<RunAnswer> {
    const answer = await this.#desk.submit(submissionOf(submit));
    this.#touch();
    const came = cameOf(answer);
    if (answer.status === "refused") this.#timeline.push(...lateLines(answer.refusal, Date.now()));
    return { ...(await this.#answerSoon(submit)), ...came };
  }

  async next(asking: Asking): Promise<RunAnswer> {
    return await this.#answerSoon(asking);
  }

  mayControl(control: Control): void {
    admitControl(control, this.#desk.book, this.#end);
    if (control.command === "event") this.#ports.mayCome(control.event, control.value);
  }

  async control(control: Control): Promise<RunAnswer> {
    const { command, by, reason } = control;
    this.#timeline.push({
      at: Date.now(),
      path: "",
      what: "warned",
      text: `${control.command === "event" ? `event ${cut(control.event, 200)}` : command} by ${by}${reason === undefined ? "" : `: ${reason}`}`,
    });
    if (command === "pause") this.#pause.begin(control, this.#run, this.#desk);
    else if (command === "resume") this.#pause.end(this.#run, this.#desk);
    else if (command === "cancel") this.cancel(control.mode);
    else if (command === "event") this.event(control.event, control.value);
    else if (command === "release" || command === "reassign") {
      const changed = move(this.#desk.book, control, Date.now());
      if ("code" in changed) throw failure(refusalError(changed));
      this.#desk.pump();
    }
    this.#touch();
    return await this.#answerSoon({ agent: { id: by } }, false);
  }

  cancel(mode: "stop" | "compensate"): void {
    this.#run.cancel(mode);
    // What is left of it goes on to its last steps.
    if (this.#pause.holdsAll) this.#pause.end(this.#run, this.#desk);
    this.#touch();
  }

  mayDecide(record: unknown): void {
    this.#ports.mayDecide(record);
  }

  async decide(record: unknown): Promise<{ readonly decision: string; readonly step: string }> {
    const decided = await this.#ports.decide(record);
    await this.#quiet(() => false);
    return decided;
  }

  event(name: string, value: Json): void {
    this.#ports.event_came(name, value);
  }

  look(asking: Asking & { readonly now: number }): Look {
    return this.#view.look(asking);
  }

  state(): Json {
    return stateOf(this.#ports.definition(this.#input.closure.root), this.#run.journal, this.#timeline.slice(-TIMELINE_LINES));
  }

  /** What another execution needs to go on from here. */
  carried(timeline: readonly TimelineEvent[] = this.#timeline.slice(-TIMELINE_LINES)): RunInput {
    const { pause } = this.#pause;
    return {
      ...this.#input,
      carried: {
        started_at: this.#started,
        journal: this.#run.journal,
        book: this.#desk.book.state,
        timeline,
        paused: this.#pause.isPaused,
        ...(pause === undefined ? {} : { pause }),
        approvals: this.#ports.openApprovals,
        simulated: this.#ports.simulated,
        events: this.#ports.events,
        taken_up_at: this.#input.carried?.taken_up_at,
      },
    };
  }

  // What is told.

  /** Waits until there is something to do for the agent, or nothing will come without somebody else, or the time is up. */
  async #answerSoon(asking: Asking, lease = true): Promise<RunAnswer> {
    const { agent, limit } = asking;
    this.#updates += 1;
    const hasWork = (): boolean => lease && !this.#pause.isPaused && peekActions(this.#desk.book, asking, Date.now()).length > 0;
    await this.#quiet(() => limit === 0 || hasWork());
    const { actions } = this.#pause.isPaused || !lease ? { actions: [] } : this.#desk.book.present(agent, Date.now(), filterOf(asking));
    this.#touch();
    if (!this.#tells) return this.#view.answer(actions);
    const told = this.#told.answer(this.#view.status());
    // The end is told by the memo too, whoever asked last.
    this.#dirty = this.#end !== undefined;
    return { ...this.#view.answer(actions), ...(told === undefined ? {} : { told }) };
  }

  /** Until nothing goes on by itself any more, or there is enough, or the time is up. */
  async #quiet(enough: () => boolean): Promise<void> {
    const until = Date.now() + ANSWER_WITHIN_MS;
    const isQuiet = (): boolean => this.#end !== undefined || this.#holding || (!this.#ports.busy && !this.#desk.verifying) || enough();
    do {
      await (this.#tells ? untilCalm : untilCalmByRounds)(() => this.#touches);
    } while (!isQuiet() && Date.now() < until && (await condition(isQuiet, until - Date.now())));
  }

  #room(): number {
    return roomLeft(this.#most, this.#run.journal, this.#desk.book.state);
  }

  #touch(): void {
    this.#touches += 1;
    this.#dirty = true;
  }

  // Time and length.

  async #watchDeadlines(): Promise<void> {
    const { book } = this.#desk;
    while (this.#end === undefined) {
      const at = book.nextTimer();
      const moved = (): boolean => book.nextTimer() !== at || this.#end !== undefined;
      if (at === undefined) await condition(moved);
      else if (at <= Date.now() || !(await condition(moved, at - Date.now()))) {
        if (this.#pause.holdsAll) await condition(() => !this.#pause.holdsAll || this.#end !== undefined);
        book.deadline(Date.now());
        this.#desk.pump();
      }
    }
  }

  #isLong(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return this.#end === undefined && (this.#updates >= MOST_UPDATES || historyLength >= MOST_EVENTS || continueAsNewSuggested);
  }

  async #carryOn(): Promise<RunEnd> {
    await this.#run.hold();
    this.#holding = true;
    await condition(() => allHandlersFinished() && !this.#desk.verifying && !this.#ports.busy);
    // The memo goes on with the run, its answers do not.
    if (this.#tells) this.#told.keep(this.#view.status());
    const next = fitting(
      () => this.carried(),
      () => this.carried(shortTimeline(this.#timeline)),
    );
    // Only a run that an earlier version let grow: it ends, so that somebody sees it.
    if (bytesOf(next) > MOST_IN_A_MESSAGE) return await this.#finish(tooLargeToGoOn(bytesOf(next)));
    return await continueAsNew<(input: RunInput) => Promise<RunEnd>>(next);
  }

  async #finish(end: RunEnd): Promise<RunEnd> {
    this.#desk.book.close(end.status, end.error?.message ?? "it has ended");
    this.#desk.pump();
    this.#told.keep(this.#view.status(), this.#tells);
    const { closure, requester } = this.#input;
    const whole = {
      workflow: closure.root,
      version: closure.definitions[closure.root]?.version ?? "",
      digest: closure.digest,
      requester,
      started_at: this.#started,
      end,
      timeline: this.#timeline.slice(-TIMELINE_LINES),
      ...reportedOf(this.#run.journal),
      receipts: this.#desk.book.state.receipts,
    };
    await quick.finishRun(fittingReport(whole, shortTimeline(this.#timeline)));
    await condition(allHandlersFinished);
    return end;
  }
}
