import type { Closure, Json, JsonSchema } from "../definition/definition.ts";
import {
  ActionBook,
  ActionDesk,
  EventInbox,
  Run,
  RunScope,
  validateValue,
  type ApprovalDecision,
  type ApprovalDraft,
  type BookState,
  type CallOptions,
  type CallOutcome,
  type EventWait,
  type Journal,
  type KeptEvent,
  type LockAnswer,
  type LockDraft,
  type Ports,
  type RunEnd,
  type ServerCall,
  type TimelineEvent,
} from "../run/index.ts";
import { VirtualClock } from "./virtual-clock.ts";

// The interpreter and the action book, as a durable run has them, over memory and a clock that is told when to go on.

/** What the world answers. Times are milliseconds of the virtual clock. */
export interface World {
  call(call: ServerCall, options: CallOptions): { readonly outcome: CallOutcome; readonly takes: number };
  /** What is decided, and how long after it was asked; undefined where nobody decides. */
  approval(draft: ApprovalDraft):
    | {
        readonly decision: "approved" | "rejected";
        readonly after: number;
        readonly by?: string;
        readonly reason?: string;
        readonly digest?: string;
      }
    | undefined;
  /** Who holds a lock when the run begins, and how long after that; absent or undefined: nobody does. */
  lock?(name: string): { readonly by: string; readonly until: number } | undefined;
  digest(value: Json): string;
}

export interface SimulatorOptions {
  readonly closure: Closure;
  readonly inputs: { readonly [name: string]: Json };
  readonly world: World;
  readonly started_at: number;
  readonly run_id?: string;
  /** Of a run that failed and is taken up again. */
  readonly journal?: Journal;
  readonly max_open?: number;
  /** Holds the run after the step that ended as this one (from 1), so that `cut` can carry it on there. */
  readonly holdAfter?: (ended: number) => boolean;
}

/** A call that was made. */
export interface MadeCall {
  readonly call: ServerCall;
  readonly path: string;
  readonly effect_key: string;
  readonly read_only: boolean;
  readonly outcome: CallOutcome["status"];
}

/** One simulated run. `flush` lets it do what it can without time passing, `advance` lets time pass to the next timer. */
export class Simulator {
  readonly clock: VirtualClock;
  readonly timeline: TimelineEvent[] = [];
  readonly calls: MadeCall[] = [];
  /** Names of the locks that others held when they were asked for. */
  readonly waited_for: string[] = [];
  /** How often the run was carried on from its journal. */
  cuts = 0;
  end: RunEnd | undefined;
  readonly #options: SimulatorOptions;
  readonly #asked = new Map<string, number>();
  #inbox = EventInbox.create();
  #waiting: (() => void)[] = [];
  #generation = 0;
  #ids = 0;
  #ended = 0;
  #isHeld = false;
  #isPaused = false;
  #run: Run;
  #desk: ActionDesk;
  #stopTimer: () => void = () => undefined;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.clock = new VirtualClock(options.started_at);
    [this.#run, this.#desk] = this.#start(options.journal, undefined);
  }

  get book(): ActionBook {
    return this.#desk.book;
  }

  get desk(): ActionDesk {
    return this.#desk;
  }

  get run(): Run {
    return this.#run;
  }

  /** True where a step has ended after which the run is to be carried on. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  get journal(): Journal {
    return this.#run.journal;
  }

  /** Everything that needs no time to pass. */
  async flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Lets time pass to the next timer; false where there is none before `horizon`. */
  async advance(horizon: number = Number.POSITIVE_INFINITY): Promise<boolean> {
    const next = this.clock.next();
    if (next === undefined || next > horizon) return false;
    this.clock.advance();
    await this.flush();
    return true;
  }

  /** Nothing begins until `resume`; actions that are open take results. */
  async pause(): Promise<void> {
    this.#isPaused = true;
    this.#run.pause();
    this.#desk.pause();
    this.#setTimer(this.#desk, this.#generation);
    await this.flush();
  }

  async resume(): Promise<void> {
    this.#isPaused = false;
    this.#run.resume();
    this.#desk.resume();
    this.#setTimer(this.#desk, this.#generation);
    await this.flush();
  }

  /** Ends the run; one that is paused goes on to its last steps. */
  async cancel(mode: "stop" | "compensate"): Promise<void> {
    this.#run.cancel(mode);
    await this.resume();
  }

  /** A named event with a value; kept for whoever waits for it later. */
  async happen(name: string, value: Json): Promise<void> {
    this.#inbox.put(name, value);
    for (const look of this.#waiting) look();
    await this.flush();
  }

  /**
   * Carries the run on from its journal and book alone, both written and read as JSON: what a durable run does when its history
   * is long. Lets time pass while a call is under way. False where the run ended first.
   */
  async cut(): Promise<boolean> {
    const held = { yet: false };
    void this.#run.hold().then(() => (held.yet = true));
    await this.flush();
    while ((!held.yet || this.#desk.verifying) && this.end === undefined) if (!(await this.advance())) break;
    if (this.end !== undefined) return false;
    const kept = JSON.stringify({ journal: this.#run.journal, book: this.#desk.book.state, events: this.#inbox.state });
    const { journal, book, events } = JSON.parse(kept) as { journal: Journal; book: BookState; events: readonly KeptEvent[] };
    this.cuts += 1;
    this.#isHeld = false;
    this.clock.clear();
    this.#waiting = [];
    this.#inbox = EventInbox.create(events);
    [this.#run, this.#desk] = this.#start(journal, book);
    await this.flush();
    return true;
  }

  #start(journal: Journal | undefined, state: BookState | undefined): [Run, ActionDesk] {
    const { closure, inputs, run_id, started_at, max_open } = this.#options;
    const generation = (this.#generation += 1);
    const newId = (): string => `attempt-${(this.#ids += 1)}`;
    const book = ActionBook.create({ newId, validate: problemsOf, ...(max_open === undefined ? {} : { max_open }) }, state);
    const desk = new ActionDesk(
      book,
      () => this.clock.now(),
      () => this.#setTimer(desk, generation),
    );
    if (this.#isPaused) desk.pause();
    const run = new Run({
      paused: this.#isPaused,
      definition: closure.definitions[closure.root]!,
      inputs,
      ports: this.#ports(desk, generation),
      run: { id: run_id ?? "simulated", started_at },
      ...(journal === undefined ? {} : { journal }),
    });
    void run.end.then((end) => {
      if (generation !== this.#generation) return;
      this.end = end;
      desk.book.close(end.status, end.error?.message ?? "");
    });
    return [run, desk];
  }

  #setTimer(desk: ActionDesk, generation: number): void {
    if (generation !== this.#generation) return;
    this.#stopTimer();
    const at = desk.book.nextTimer({ leases: true });
    if (at === undefined || this.#isPaused) return;
    this.#stopTimer = this.clock.after(at - this.clock.now(), () => {
      desk.book.expire(this.clock.now());
      desk.book.deadline(this.clock.now());
      desk.pump();
    });
  }

  #ports(desk: ActionDesk, generation: number): Ports {
    const { closure } = this.#options;
    const { clock } = this;
    return {
      now: () => clock.now(),
      sleep: (ms, scope) => clock.sleep(ms, scope),
      call: (call, options, scope) => this.#call(call, options, scope),
      action: (draft, verify, scope) => desk.action(draft, verify, scope),
      taken: (path) => {
        desk.taken(path);
        this.#inbox.taken(path);
      },
      approval: (draft, scope) => this.#approval(draft, scope),
      event: (wait, scope) => this.#event(wait, scope),
      lock: (draft, scope) => this.#lock(draft, scope),
      unlock: async () => undefined,
      holdsLocks: () => true,
      asksAnew: () => true,
      validate: problemsOf,
      definition: (id) => closure.definitions[id],
      record: (event) => {
        if (generation === this.#generation) this.#note(event);
      },
    };
  }

  #note(event: TimelineEvent): void {
    this.timeline.push(event);
    if (!/^(done|failed|skipped|compensated)$/.test(event.what)) return;
    this.#ended += 1;
    if (this.#options.holdAfter?.(this.#ended) !== true) return;
    this.#isHeld = true;
    void this.#run.hold();
  }

  async #call(call: ServerCall, options: CallOptions, scope: RunScope): Promise<CallOutcome> {
    const { path, effect_key, read_only, retry } = options;
    let pause = retry.initial;
    for (let attempt = 1; ; attempt += 1) {
      const { outcome, takes } = this.#options.world.call(call, options);
      this.calls.push({ call, path, effect_key, read_only, outcome: outcome.status });
      // A call that has begun ends as it ends: cancelling the run does not unmake it.
      if (takes > 0) await this.clock.sleep(takes, new RunScope());
      if (outcome.status !== "failed" || attempt >= retry.attempts || scope.cancelled) return outcome;
      if (pause > 0 && !(await this.clock.sleep(pause, scope))) return outcome;
      pause *= retry.backoff;
    }
  }

  async #approval(draft: ApprovalDraft, scope: RunScope): Promise<ApprovalDecision> {
    const asked = this.#asked.get(draft.path) ?? this.clock.now();
    this.#asked.set(draft.path, asked);
    const { world } = this.#options;
    const digest = world.digest(draft.bind);
    const answer = world.approval(draft);
    const isInTime = answer !== undefined && answer.after < draft.wait_at_most;
    const due = asked + (isInTime ? answer.after : draft.wait_at_most);
    if (!(await this.clock.sleep(due - this.clock.now(), scope))) return { decision: "cancelled", digest };
    if (!isInTime) return { decision: "timed_out", digest };
    const { decision, by, reason } = answer;
    return {
      decision,
      digest: answer.digest ?? digest,
      request_id: `request:${draft.path}`,
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  async #lock({ name, path }: LockDraft, scope: RunScope): Promise<LockAnswer> {
    const held = this.#options.world.lock?.(name);
    const left = held === undefined ? 0 : this.#options.started_at + held.until - this.clock.now();
    if (held === undefined || left <= 0) return "held";
    if (!this.waited_for.includes(name)) {
      this.waited_for.push(name);
      this.#note({ at: this.clock.now(), path, what: "waiting", text: `the lock ${name}, which ${held.by} holds` });
    }
    return (await this.clock.sleep(left, scope)) ? "held" : "cancelled";
  }

  #event({ name, path, within }: EventWait, scope: RunScope): Promise<Json | undefined> {
    const inbox = this.#inbox;
    return new Promise((resolve) => {
      const end = (value: Json | undefined): void => {
        this.#waiting = this.#waiting.filter((one) => one !== look);
        stop();
        resolve(value);
      };
      const look = (): void => {
        const found = inbox.reserve(name, path);
        if (found !== undefined) end(found.value);
      };
      const stop = within === undefined ? (): void => undefined : this.clock.after(within, () => end(undefined));
      this.#waiting.push(look);
      scope.onCancel(() => {
        inbox.release(path);
        end(undefined);
      });
      if (!scope.cancelled) look();
    });
  }
}

function problemsOf(schema: JsonSchema, value: Json): readonly string[] {
  return validateValue(schema, value).map(({ message }) => message);
}
