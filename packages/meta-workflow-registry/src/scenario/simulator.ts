import type { Closure, Json } from "../definition/definition.ts";
import { problemsOf } from "../definition/validate-value.ts";
import {
  ActionBook,
  ActionDesk,
  Run,
  type BookState,
  type Journal,
  type KeptEvent,
  type Ports,
  type RunEnd,
  type TimelineEvent,
} from "../run/index.ts";
import { SimulatedEvents } from "./simulated-events.ts";
import { SimulatedPorts } from "./simulated-ports.ts";
import { VirtualClock } from "./virtual-clock.ts";
import type { MadeCall, World } from "./world.ts";

// The interpreter and the action book, as a durable run has them, over memory and a clock that is told when to go on.

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

/** One simulated run. `flush` lets it do what it can without time passing, `advance` lets time pass to the next timer. */
export class Simulator {
  readonly clock: VirtualClock;
  readonly timeline: TimelineEvent[] = [];
  /** How often the run was carried on from its journal. */
  cuts = 0;
  end: RunEnd | undefined;
  readonly #options: SimulatorOptions;
  readonly #events: SimulatedEvents;
  readonly #ports: SimulatedPorts;
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
    this.#events = new SimulatedEvents(this.clock);
    const { world, started_at } = options;
    this.#ports = new SimulatedPorts({ world, started_at, clock: this.clock, note: (event) => this.#note(event) });
    [this.#run, this.#desk] = this.#start(options.journal, undefined);
  }

  get calls(): readonly MadeCall[] {
    return this.#ports.calls;
  }

  /** Names of the locks that others held when they were asked for. */
  get waited_for(): readonly string[] {
    return this.#ports.waited_for;
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
    this.#events.put(name, value);
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
    const kept = JSON.stringify({ journal: this.#run.journal, book: this.#desk.book.state, events: this.#events.state });
    const { journal, book, events } = JSON.parse(kept) as { journal: Journal; book: BookState; events: readonly KeptEvent[] };
    this.cuts += 1;
    this.#isHeld = false;
    this.clock.clear();
    this.#events.restart(events);
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
      ports: this.#portsOf(desk, generation),
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

  #portsOf(desk: ActionDesk, generation: number): Ports {
    const { closure } = this.#options;
    const { clock } = this;
    return {
      now: () => clock.now(),
      sleep: (ms, scope) => clock.sleep(ms, scope),
      call: (call, options, scope) => this.#ports.call(call, options, scope),
      action: (draft, verify, scope) => desk.action(draft, verify, scope),
      taken: (path) => {
        desk.taken(path);
        this.#events.taken(path);
      },
      approval: (draft, scope) => this.#ports.approval(draft, scope),
      event: (wait, scope) => this.#events.wait(wait, scope),
      lock: (draft, scope) => this.#ports.lock(draft, scope),
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
}
