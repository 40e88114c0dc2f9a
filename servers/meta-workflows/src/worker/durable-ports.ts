import { OpsError } from "@platform-ops/errors";
import type { Definition, Json, JsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import {
  EventInbox,
  problemsOf,
  type ActionDesk,
  type ActionDraft,
  type ActionResult,
  type ApprovalDecision,
  type ApprovalDraft,
  type CallOptions,
  type CallOutcome,
  type EventWait,
  type KeptEvent,
  type LockAnswer,
  type LockDraft,
  type Ports,
  type RunScope,
  type ServerCall,
  type TimelineEvent,
  type Verify,
} from "@platform-ops/meta-workflow-registry/run";
import { fromFailure, toApplicationFailure } from "@platform-ops/orchestration/workflow";
import { CancellationScope, isCancellation, patched } from "@temporalio/workflow";
import { outside } from "./activity-options.ts";
import { DurableApprovals } from "./durable-approvals.ts";
import { DurableLocks, type LockWait } from "./durable-locks.ts";
import type { OpenApproval, RunInput } from "./run-contract.ts";
import { until } from "./until.ts";

/** Runs that refused a step before, because its approval was of something else, refuse it again when they are replayed. */
const ASKS_ANEW = "asks-anew";

/** What the ports need of the run they belong to. */
export interface PortsParts {
  readonly input: RunInput;
  readonly desk: ActionDesk;
  isPaused(): boolean;
  /** Calls wait while it is paused: in runs that were paused by an earlier version, where steps go on. */
  pausesCallsOnly(): boolean;
  /** For an output of so many bytes there is room. */
  room(): number;
  record(event: TimelineEvent): void;
  /** Something changed that is told to others. */
  touched(): void;
  /** What was waited for came true: something goes on. */
  woken(): void;
}

/** The interpreter's ports on Temporal: timers, activities, updates. */
export class DurablePorts implements Ports {
  readonly #parts: PortsParts;
  readonly #approvals: DurableApprovals;
  readonly #timers = new Set<{ readonly title: string; readonly until: number }>();
  readonly #events: EventInbox;
  readonly #awaited = new Set<EventWait>();
  readonly #locks: DurableLocks;
  readonly #secrets: readonly string[];
  #calls = 0;
  #simulated: boolean;

  constructor(parts: PortsParts) {
    const { closure, carried } = parts.input;
    this.#parts = parts;
    this.#simulated = carried?.simulated ?? false;
    this.#events = EventInbox.create(carried?.events);
    this.#approvals = new DurableApprovals(parts);
    this.#locks = new DurableLocks(parts);
    this.#secrets = [...new Set(Object.values(closure.definitions).flatMap(({ secrets }) => secrets))];
  }

  /** Server calls or requests of approval are under way, or it is being found out whether a lock is free. */
  get busy(): boolean {
    return this.#calls > 0 || this.#approvals.busy || this.#locks.busy;
  }

  get lockWaits(): readonly LockWait[] {
    return this.#locks.waits;
  }

  get simulated(): boolean {
    return this.#simulated;
  }

  get approvals(): readonly OpenApproval[] {
    return this.#approvals.list;
  }

  get openApprovals(): { readonly [path: string]: OpenApproval } {
    return this.#approvals.open;
  }

  /** Those that no step has taken. */
  get events(): readonly KeptEvent[] {
    return this.#events.state;
  }

  /** Names of the events that steps wait for. */
  get awaited(): readonly string[] {
    return [...new Set([...this.#awaited].map(({ name }) => name))];
  }

  get timers(): readonly { readonly title: string; readonly until: number }[] {
    return [...this.#timers];
  }

  now(): number {
    return Date.now();
  }

  async sleep(ms: number, scope: RunScope, { shown } = { shown: true }): Promise<boolean> {
    if (scope.cancelled) return false;
    if (ms <= 0) return true;
    const timer = { title: "a timer", until: Date.now() + ms };
    if (shown) this.#timers.add(timer);
    try {
      return !(await until(this.#parts, () => scope.cancelled, ms));
    } finally {
      this.#timers.delete(timer);
    }
  }

  async call(call: ServerCall, options: CallOptions, scope: RunScope): Promise<CallOutcome> {
    const { attempts, initial, backoff } = options.retry;
    for (let tried = 1; ; tried += 1) {
      const waits = tried > 1 || this.#parts.pausesCallsOnly();
      if (waits && this.#parts.isPaused()) await until(this.#parts, () => !this.#parts.isPaused() || scope.cancelled);
      if (scope.cancelled) return CANCELLED;
      // A further try is a call of its own: its executor keeps a journal by the path.
      const path = tried === 1 ? options.path : `${options.path}~${tried}`;
      const outcome = await this.#callOnce(call, { ...options, path }, scope);
      if (outcome.status === "done" && outcome.simulated) this.#simulated = true;
      if (outcome.status !== "failed" || tried >= attempts) return outcome;
      if (!(await this.sleep(initial * backoff ** (tried - 1), scope))) return outcome;
    }
  }

  async #callOnce(call: ServerCall, options: CallOptions, scope: RunScope): Promise<CallOutcome> {
    const { requester, environment } = this.#parts.input;
    const own = environment === undefined ? {} : { environment };
    const room = this.#parts.room();
    this.#calls += 1;
    const cancellable = new CancellationScope({ cancellable: true });
    const stop = scope.onCancel(() => cancellable.cancel());
    try {
      return await CancellationScope.nonCancellable(() =>
        cancellable.run(() => outside(options.timeout).callServer({ call, options, requester, secrets: this.#secrets, room, ...own })),
      );
    } catch (error) {
      return this.#outcomeOf(error, options);
    } finally {
      stop();
      this.#calls -= 1;
      this.#parts.touched();
    }
  }

  /** A call that ended with no answer may have happened, unless it only looks. */
  #outcomeOf(error: unknown, { read_only }: CallOptions): CallOutcome {
    const { code, message } = fromFailure(error);
    const mayHaveHappened = isCancellation(error) || code === "timed_out" || code === "unexpected";
    if (mayHaveHappened && !read_only) return { status: "unknown", message };
    return { status: "failed", code, message };
  }

  action(draft: ActionDraft, verify: Verify, scope: RunScope): Promise<ActionResult> {
    return this.#parts.desk.action(draft, verify, scope);
  }

  taken(path: string): void {
    this.#parts.desk.taken(path);
    this.#events.taken(path);
  }

  approval(draft: ApprovalDraft, scope: RunScope): Promise<ApprovalDecision> {
    return this.#approvals.approval(draft, scope);
  }

  /** @throws ApplicationFailure approval_* */
  mayDecide(record: unknown): void {
    this.#approvals.mayDecide(record);
  }

  decide(record: unknown): Promise<{ decision: string; step: string }> {
    return this.#approvals.decide(record);
  }

  async event(wait: EventWait, scope: RunScope): Promise<Json | undefined> {
    this.#awaited.add(wait);
    try {
      return await this.#eventOf(wait, scope);
    } finally {
      this.#awaited.delete(wait);
    }
  }

  async #eventOf({ name, path, within }: EventWait, scope: RunScope): Promise<Json | undefined> {
    const due = within === undefined ? undefined : Date.now() + within;
    scope.onCancel(() => this.#events.release(path));
    for (;;) {
      if (scope.cancelled) return undefined;
      const found = this.#events.reserve(name, path);
      if (found !== undefined) return found.value;
      const came = (): boolean => this.#events.has(name) || scope.cancelled;
      if (due === undefined) await until(this.#parts, came);
      else if (due <= Date.now() || !(await until(this.#parts, came, due - Date.now()))) return undefined;
    }
  }

  /** @throws ApplicationFailure too_large: it cannot be kept */
  mayCome(name: string, value: Json): void {
    const refusal = this.#events.refusal(name, value);
    if (refusal === undefined) return;
    const hint = "Put what is large into a file and send its path; what was sent twice is not needed.";
    throw toApplicationFailure(new OpsError("too_large", refusal, { hint }));
  }

  event_came(name: string, value: Json): void {
    const refusal = this.#events.refusal(name, value);
    if (refusal === undefined) this.#events.put(name, value);
    else this.record({ at: Date.now(), path: "", what: "warned", text: `The event ${name.slice(0, 100)} is lost: ${refusal}` });
  }

  lock(draft: LockDraft, scope: RunScope): Promise<LockAnswer> {
    return this.#locks.lock(draft, scope);
  }

  unlock(name: string): Promise<void> {
    return this.#locks.unlock(name);
  }

  holdsLocks(): boolean {
    return this.#locks.areHeld;
  }

  asksAnew(): boolean {
    return patched(ASKS_ANEW);
  }

  validate(schema: JsonSchema, value: Json): readonly string[] {
    return problemsOf(schema, value);
  }

  definition(id: string): Definition {
    const found = this.#parts.input.closure.definitions[id];
    if (found === undefined) throw toApplicationFailure(new OpsError("not_found", `The run has no definition ${id}.`));
    return found;
  }

  record(event: TimelineEvent): void {
    this.#parts.record(event);
    this.#parts.touched();
  }
}

const CANCELLED: CallOutcome = { status: "failed", code: "cancelled", message: "It was cancelled before it was called." };
