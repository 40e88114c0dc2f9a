import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import {
  ActionBook,
  ActionDesk,
  cut,
  refuse,
  Run,
  type ActionRecord,
  type BookDeps,
  type Refusal,
  type RunEnd,
  type TimelineEvent,
} from "@platform-ops/meta-workflow-registry/run";
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from "@temporalio/workflow";
import { viewAction } from "./action-view.ts";
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
import { bytesOf, fitting, MOST_IN_A_MESSAGE, mostKept, roomLeft, tooMuchKept } from "./kept-bytes.ts";
import { memoCandidates, statusOf } from "./run-memo.ts";
import { fittingReport, reportedOf, shortTimeline, stateOf, tooLargeToGoOn } from "./run-state.ts";
import { cameOf, failure, filterOf, move, submissionOf } from "./run-messages.ts";
import { problemsOf } from "./problems-of.ts";
import { RunPause } from "./run-pause.ts";
import { ToldStatus } from "./told-status.ts";
import { waitingFor } from "./waiting-for.ts";

/** Below Temporal's own limits (2,000 updates, 51,200 events), so that what is in flight always finds room. */
const MOST_UPDATES = 1_500;
const MOST_EVENTS = 8_000;
const TIMELINE_LINES = 500;

const PEEK: BookDeps = { newId: () => "not-drawn", validate: problemsOf };

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
      this.#told.keep(this.#status());
    }
  }

  // What comes from outside. Validators change nothing and draw nothing: what they refuse leaves no trace.

  mayBegin({ digest }: Begin): void {
    if (digest !== this.#input.digest)
      throw failure(
        new OpsError("already_exists", "A run of that id carries out another definition, or the same one with other inputs.", {
          hint: "Use another workflow_id, or look at that run with get_workflow_status.",
        }),
      );
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
    const peek = ActionBook.create(PEEK, this.#desk.book.state);
    const answer = peek.submit(submissionOf(submit), Date.now());
    if (answer.status === "verifying" && bytesOf(submit.result) > this.#room()) throw failure(tooMuchKept(this.#most));
    if (answer.status !== "refused") return;
    // A result that came too late is remembered for whoever has the action now: that does leave a trace.
    const isLate = peek.open_actions().some(({ late }) => late !== undefined && late.attempt_id === submit.attempt_id);
    const isOfWithdrawn = peek.state.withdrawn !== this.#desk.book.state.withdrawn;
    if (!isLate && !isOfWithdrawn) throw failure(refusalError(answer.refusal));
  }

  async submit(submit: Submit): Promise<RunAnswer> {
    const answer = await this.#desk.submit(submissionOf(submit));
    this.#touch();
    const came = cameOf(answer);
    if (answer.status === "refused") this.#tellLate(answer.refusal);
    return { ...(await this.#answerSoon(submit)), ...came };
  }

  /** The work of an action that was withdrawn is told by the run, since nobody has the action any more. */
  #tellLate({ message, details }: Refusal): void {
    const late = details?.["late_result"] as { readonly digest: string; readonly note?: string } | undefined;
    if (late === undefined) return;
    const text = `${message} Its digest: ${late.digest}${late.note === undefined ? "" : `; its note: ${late.note.slice(0, 500)}`}`;
    this.#timeline.push({ at: Date.now(), path: String(details?.["action_id"]).replace(/#.*$/, ""), what: "warned", text });
  }

  async next(asking: Asking): Promise<RunAnswer> {
    return await this.#answerSoon(asking);
  }

  mayControl(control: Control): void {
    if (this.#end !== undefined) throw failure(refusalError(refuse("RUN_CLOSED", `The run is ${this.#end.status}.`)));
    if (control.command === "event") this.#ports.mayCome(control.event, control.value);
    if (control.command !== "release" && control.command !== "reassign") return;
    const peek = ActionBook.create(PEEK, this.#desk.book.state);
    const changed = move(peek, control, Date.now());
    if ("code" in changed) throw failure(refusalError(changed));
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

  /** What an agent would be shown; `now` is the asker's clock, since a query has none. */
  look({ now, ...asking }: Asking & { readonly now: number }): Look {
    const { agent } = asking;
    const before = this.#desk.book.state.actions;
    const peek = ActionBook.create(PEEK, this.#desk.book.state);
    const { actions } = this.#pause.isPaused ? { actions: [] } : peek.present(agent, now, filterOf(asking));
    const changes = actions.some(({ action_id, attempt, lease_ms }) => {
      const held = before[action_id];
      if (held?.attempt.id !== attempt.id || held.state !== "leased") return true;
      return (held.attempt.expires_at ?? 0) - now < lease_ms / 2;
    });
    const held = actions.flatMap(({ action_id }) => (before[action_id]?.attempt.holder?.id === agent.id ? [action_id] : []));
    return { ...this.#answer(actions), changes, held };
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
    const filter = filterOf(asking);
    const hasWork = (): boolean =>
      lease &&
      !this.#pause.isPaused &&
      ActionBook.create(PEEK, this.#desk.book.state).present(agent, Date.now(), filter).actions.length > 0;
    await this.#quiet(() => limit === 0 || hasWork());
    const { actions } = this.#pause.isPaused || !lease ? { actions: [] } : this.#desk.book.present(agent, Date.now(), filter);
    this.#touch();
    if (!this.#tells) return this.#answer(actions);
    const told = this.#told.answer(this.#status());
    // The end is told by the memo too, whoever asked last.
    this.#dirty = this.#end !== undefined;
    return { ...this.#answer(actions), ...(told === undefined ? {} : { told }) };
  }

  /** Until nothing goes on by itself any more, or there is enough, or the time is up. */
  async #quiet(enough: () => boolean): Promise<void> {
    const until = Date.now() + ANSWER_WITHIN_MS;
    const isQuiet = (): boolean => this.#end !== undefined || this.#holding || (!this.#ports.busy && !this.#desk.verifying) || enough();
    do {
      await (this.#tells ? untilCalm : untilCalmByRounds)(() => this.#touches);
    } while (!isQuiet() && Date.now() < until && (await condition(isQuiet, until - Date.now())));
  }

  #answer(actions: readonly ActionRecord[]): RunAnswer {
    const { workflowId } = workflowInfo();
    return {
      status: statusOf(this.#end, actions.length > 0),
      actions: actions.map((record) => viewAction(workflowId, record)),
      waiting_for: this.#waitingFor(actions),
      ...(this.#pause.isPaused ? { paused: true } : {}),
      ...(this.#pause.pause === undefined ? {} : { pause: this.#pause.pause }),
      ...(this.#ports.simulated ? { simulated: true } : {}),
      ...(this.#end === undefined ? {} : { end: this.#end }),
    };
  }

  #waitingFor(shown: readonly ActionRecord[]): ReturnType<typeof waitingFor> {
    if (this.#end !== undefined) return [];
    const ids = new Set(shown.map(({ action_id }) => action_id));
    const others = this.#desk.book.open_actions().filter(({ action_id }) => !ids.has(action_id));
    return waitingFor(others, this.#ports.approvals, this.#ports.timers, this.#ports.busy, this.#ports.lockWaits, this.#ports.awaited);
  }

  #room(): number {
    return roomLeft(this.#most, this.#run.journal, this.#desk.book.state);
  }

  #touch(): void {
    this.#touches += 1;
    this.#dirty = true;
  }

  #status(): ReturnType<typeof memoCandidates> {
    const { state } = this.#desk.book;
    return memoCandidates(this.#input, {
      journal: this.#run.journal,
      actions: this.#desk.book.open_actions(),
      waiting_for: this.#waitingFor(Object.values(state.actions).filter(({ executor }) => executor !== "human")),
      paused: this.#pause.isPaused,
      pause: this.#pause.pause,
      simulated: this.#ports.simulated,
      end: this.#end,
    });
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
    if (this.#tells) this.#told.keep(this.#status());
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
    this.#told.keep(this.#status(), this.#tells);
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
