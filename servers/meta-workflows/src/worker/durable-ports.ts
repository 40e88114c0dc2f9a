import { OpsError } from "@platform-ops/errors";
import { digestOf } from "@platform-ops/meta-workflow-registry/expression";
import type { Definition, Json, JsonSchema } from "@platform-ops/meta-workflow-registry/definition";
import {
  EventInbox,
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
import { fromFailure, isForeign, toApplicationFailure } from "@platform-ops/orchestration/workflow";
import { CancellationScope, condition, isCancellation } from "@temporalio/workflow";
import { outside, quick } from "./activity-options.ts";
import { drawRequestId } from "./draw-id.ts";
import { DurableLocks, type LockWait } from "./durable-locks.ts";
import type { OpenApproval, RunInput } from "./run-contract.ts";
import { problemsOf } from "./problems-of.ts";

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

interface Gate {
  readonly open: OpenApproval;
  readonly draft: ApprovalDraft;
  readonly digest: string;
  decision?: ApprovalDecision;
}

/** The interpreter's ports on Temporal: timers, activities, updates. */
export class DurablePorts implements Ports {
  readonly #parts: PortsParts;
  readonly #gates = new Map<string, Gate>();
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
    this.#locks = new DurableLocks(parts);
    this.#secrets = [...new Set(Object.values(closure.definitions).flatMap(({ secrets }) => secrets))];
  }

  /** Server calls are under way, or it is being found out whether a lock is free. */
  get busy(): boolean {
    return this.#calls > 0 || this.#locks.busy;
  }

  get lockWaits(): readonly LockWait[] {
    return this.#locks.waits;
  }

  get simulated(): boolean {
    return this.#simulated;
  }

  get approvals(): readonly OpenApproval[] {
    return [...this.#gates.values()].map(({ open }) => open);
  }

  get openApprovals(): { readonly [path: string]: OpenApproval } {
    return Object.fromEntries([...this.#gates].map(([path, { open }]) => [path, open]));
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

  /** A condition that tells when it comes true, before what waits for it goes on; false where the time was up first. */
  #until(holds: () => boolean, ms?: number): Promise<boolean> {
    const told = (): boolean => holds() && (this.#parts.woken(), true);
    return ms === undefined ? condition(told).then(() => true) : condition(told, ms);
  }

  async sleep(ms: number, scope: RunScope, { shown } = { shown: true }): Promise<boolean> {
    if (scope.cancelled) return false;
    if (ms <= 0) return true;
    const timer = { title: "a timer", until: Date.now() + ms };
    if (shown) this.#timers.add(timer);
    try {
      return !(await this.#until(() => scope.cancelled, ms));
    } finally {
      this.#timers.delete(timer);
    }
  }

  async call(call: ServerCall, options: CallOptions, scope: RunScope): Promise<CallOutcome> {
    const { attempts, initial, backoff } = options.retry;
    for (let tried = 1; ; tried += 1) {
      const waits = tried > 1 || this.#parts.pausesCallsOnly();
      if (waits && this.#parts.isPaused()) await this.#until(() => !this.#parts.isPaused() || scope.cancelled);
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

  async approval(draft: ApprovalDraft, scope: RunScope): Promise<ApprovalDecision> {
    const digest = digestOf(draft.bind);
    const { input } = this.#parts;
    const carried = input.carried?.approvals[draft.path];
    if (carried === undefined && scope.cancelled) return { decision: "cancelled", digest };
    const { requester, environment } = input;
    const task = { draft, digest, workflow: input.closure.root, requester, ...(environment === undefined ? {} : { environment }) };
    const open = carried ?? (await this.#busyWith(() => quick.requestApproval({ id: drawRequestId(), ...task })));
    const gate: Gate = { open, draft, digest };
    this.#gates.set(draft.path, gate);
    this.#parts.touched();
    const left = Date.parse(open.expires_at) - Date.now();
    const ended = left > 0 && (await this.#until(() => gate.decision !== undefined || scope.cancelled, left));
    this.#gates.delete(draft.path);
    this.#parts.touched();
    if (gate.decision !== undefined) return gate.decision;
    await this.#busyWith(() => quick.closeApproval({ id: open.id, status: ended ? "superseded" : "expired" }));
    return { decision: ended ? "cancelled" : "timed_out", digest, request_id: open.id };
  }

  async #busyWith<T>(work: () => Promise<T>): Promise<T> {
    this.#calls += 1;
    try {
      return await work();
    } finally {
      this.#calls -= 1;
      this.#parts.touched();
    }
  }

  /** @throws ApplicationFailure approval_* */
  mayDecide(record: unknown): void {
    const id = (record as { request_id?: unknown } | null)?.request_id;
    if (isForeign(record) || typeof id !== "string")
      throw toApplicationFailure(new OpsError("approval_invalid", "This is no approval record of this data directory."));
    if (this.#gateOf(id) === undefined)
      throw toApplicationFailure(new OpsError("approval_closed", `The run does not wait for ${id.slice(0, 40)}.`));
  }

  /** Takes a record once the ledger has verified it; an update alone decides nothing. */
  async decide(record: unknown): Promise<{ decision: string; step: string }> {
    const { request_id } = record as { request_id: string };
    const gate = this.#gateOf(request_id);
    if (gate === undefined) throw new OpsError("approval_closed", "The run does not wait for that decision any more.");
    const { step_id } = gate.draft;
    const decision = await quick.checkDecision({ request: request_id, step_id, digest: gate.digest, record });
    gate.decision ??= decision;
    return { decision: gate.decision.decision, step: step_id };
  }

  #gateOf(id: string): Gate | undefined {
    return [...this.#gates.values()].find(({ open, decision }) => open.id === id && decision === undefined);
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
      if (due === undefined) await this.#until(came);
      else if (due <= Date.now() || !(await this.#until(came, due - Date.now()))) return undefined;
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
