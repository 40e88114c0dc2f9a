import type { Json } from "../../definition/definition.ts";
import type { ActionDraft, ActionRecord, ActionResult, Agent, Receipt, Submitted, Verdict, Withdrawn } from "./action.ts";
import { leased, nextAttempt, renewed } from "./attempts.ts";
import {
  MAX_OPEN_ACTIONS,
  MAX_OPEN_BYTES,
  MAX_RESULT_BYTES,
  type BookDeps,
  type BookState,
  type Presented,
  type SettleAnswer,
  type Submission,
  type SubmitAnswer,
} from "./protocol.ts";
import { receiptOf, Receipts, rejectionOf } from "./receipts.ts";
import { refuse, type Refusal } from "./refusal.ts";
import { resultDigest } from "./result-digest.ts";
import { findTarget, heldRefusal, isHeldByOther, isLive, isPersonsOnly } from "./submission-target.ts";
import { cut, jsonBytes } from "../value-bounds.ts";
import { withLate, withWithdrawn } from "./withdrawn.ts";

// The protocol's state machine. Pure and serialisable: every change is a method with the time as an argument, so that a durable
// run, the simulator and the model-based tests drive the same code.

const MAX_LEASE = 24 * 60 * 60_000;

/** Keeps the pending actions of one run. */
export class ActionBook {
  #actions: Map<string, ActionRecord>;
  readonly #receipts: Receipts;
  #closed: BookState["closed"];
  #withdrawn: readonly Withdrawn[];
  readonly #deps: BookDeps;

  private constructor(deps: BookDeps, state: BookState | undefined) {
    this.#deps = deps;
    this.#actions = new Map(Object.entries(state?.actions ?? {}));
    this.#receipts = new Receipts(state?.receipts ?? []);
    this.#closed = state?.closed;
    this.#withdrawn = state?.withdrawn ?? [];
  }

  /** An empty book, or one that goes on from what another left. */
  static create(deps: BookDeps, state?: BookState): ActionBook {
    return new ActionBook(deps, state);
  }

  /** Plain JSON; `create` takes it back. */
  get state(): BookState {
    const closed = this.#closed;
    const withdrawn = this.#withdrawn;
    return {
      actions: Object.fromEntries(this.#actions),
      receipts: [...this.#receipts.all],
      ...(withdrawn.length === 0 ? {} : { withdrawn }),
      ...(closed === undefined ? {} : { closed }),
    };
  }

  get(action_id: string): ActionRecord | undefined {
    return this.#actions.get(action_id);
  }

  /** Actions that are not over, oldest first. */
  open_actions(): readonly ActionRecord[] {
    return [...this.#actions.values()].filter(isLive);
  }

  get closed(): BookState["closed"] {
    return this.#closed;
  }

  /**
   * Adds an action. One that is known already is left as it is: the run was carried on.
   *
   * @returns "full" where as many are open as may be: nothing is evicted, whoever asks waits or gives up
   */
  open(draft: ActionDraft, now: number): ActionRecord | "full" {
    const known = this.#actions.get(draft.action_id);
    if (known !== undefined) return known;
    const open = this.open_actions();
    if (open.length >= (this.#deps.max_open ?? MAX_OPEN_ACTIONS)) return "full";
    // What is open is carried on in one message with all else that the run keeps.
    const most = this.#deps.max_open_bytes ?? MAX_OPEN_BYTES;
    if (open.length > 0 && jsonBytes(open, most) + jsonBytes(draft, most) > most) return "full";
    const before = this.#withdrawn.find(({ action_id }) => action_id === draft.action_id);
    this.#withdrawn = this.#withdrawn.filter((one) => one !== before);
    const number = (before?.attempts.length ?? 0) + 1;
    return this.#put({
      ...draft,
      lease_ms: Math.min(draft.lease_ms, MAX_LEASE),
      state: "open",
      created_at: now,
      attempt: { id: this.#deps.newId(), number },
      past_attempts: before?.attempts ?? [],
      allowed: draft.max_attempts,
      failures: [],
      presented_anew: before !== undefined,
      ...(before?.late === undefined ? {} : { late: before.late }),
    });
  }

  /**
   * What this agent can do now. The first presentation leases; one after a lease has run out takes over and gives a new attempt.
   *
   * @param filter.role only actions of this role, and those of no role
   * @param filter.limit so many at most, those that it holds already included
   */
  present(agent: Agent, now: number, filter: { readonly role?: string; readonly limit?: number } = {}): Presented {
    const actions: ActionRecord[] = [];
    const held: ActionRecord[] = [];
    const awaiting_human: ActionRecord[] = [];
    const own = (record: ActionRecord): number => (record.attempt.holder?.id === agent.id ? 0 : 1);
    for (const record of this.open_actions().toSorted((a, b) => own(a) - own(b))) {
      if (isPersonsOnly(record)) awaiting_human.push(record);
      else if (record.state === "verifying" || isHeldByOther(record, agent, now)) held.push(record);
      else if (filter.role !== undefined && record.role !== undefined && record.role !== filter.role) continue;
      else if (actions.length < (filter.limit ?? MAX_OPEN_ACTIONS))
        actions.push(this.#put(leased(record, agent, now, () => this.#deps.newId())));
    }
    return { actions, held, awaiting_human };
  }

  /** Leases one action by its id. */
  claim(action_id: string, agent: Agent, now: number): ActionRecord | Refusal {
    const record = this.#live(action_id);
    if (record === undefined) return this.#gone(action_id);
    if (isPersonsOnly(record)) return refuse("AWAITING_HUMAN", `A person has to do ${action_id}.`);
    if (record.state === "verifying") return refuse("ATTEMPT_CONFLICT", `A result of ${action_id} is being checked.`);
    if (isHeldByOther(record, agent, now)) return heldRefusal(record);
    return this.#put(leased(record, agent, now, () => this.#deps.newId()));
  }

  /** Takes a result, an outcome or a sign of life. */
  submit(submission: Submission, now: number): SubmitAnswer {
    const digest = submission.digest ?? resultDigest(submission.outcome, submission.result);
    const target = findTarget(this.#actions, this.#receipts.all, this.#closed, submission, digest, now);
    if (target.kind === "replay") return { status: "replayed", receipt: target.receipt, ...this.#replayed(target.receipt) };
    if (target.kind === "late") {
      const { note } = submission;
      this.#put({
        ...target.record,
        late: { attempt_id: submission.attempt_id!, digest, at: now, ...(note === undefined ? {} : { note }) },
      });
      return { status: "refused", refusal: target.refusal };
    }
    if (target.kind === "refused") {
      const { withdrawn, refusal } = withLate(this.#withdrawn, target.refusal, submission, digest, now);
      this.#withdrawn = withdrawn;
      return { status: "refused", refusal };
    }
    const { record } = target;
    if (utf8Length(submission.result) > MAX_RESULT_BYTES)
      return { status: "refused", refusal: refuse("TOO_LARGE", `A result is at most ${MAX_RESULT_BYTES} bytes of JSON.`) };
    if (submission.outcome === "progress") return { status: "renewed", action: this.#put(renewed(record, submission.agent, now)) };
    const problems = submission.outcome === "completed" ? this.#deps.validate(record.result_schema, submission.result) : [];
    if (problems.length > 0) {
      const details = { problems: problems.slice(0, 20), attempt_id: record.attempt.id };
      return { status: "refused", refusal: refuse("SCHEMA_INVALID", `The result does not fit: ${problems[0]}`, { details }) };
    }
    return this.#accept(record, { ...submission, outcome: submission.outcome }, digest, now);
  }

  #accept(record: ActionRecord, given: Submission & { outcome: Submitted["outcome"] }, digest: string, now: number): SubmitAnswer {
    const { outcome, result, note, agent } = given;
    const relayed = record.executor === "human" && given.person !== true;
    const more = {
      ...(note === undefined ? {} : { note }),
      ...(agent === undefined ? {} : { by: agent }),
      ...(relayed ? { relayed } : {}),
    };
    const receipt = receiptOf(record, given, digest, now);
    this.#receipts.add(receipt);
    if (outcome === "completed") {
      const action = this.#put({ ...record, state: "verifying", receipt, submitted: { outcome, result, digest, ...more } });
      return { status: "verifying", action, receipt };
    }
    if (outcome === "blocked" || outcome === "needs_human") {
      const say = [note ?? (typeof result === "string" ? result : `The agent reported: ${outcome}.`)];
      return { status: "handed_over", action: this.#toPerson({ ...record, receipt }, say), receipt };
    }
    const action = this.#end({ ...record, receipt }, { outcome, result, ...more });
    return { status: "ended", action, receipt };
  }

  /** Takes the verdict of the server's checks. */
  settle(action_id: string, verdict: Verdict, now: number): SettleAnswer {
    const record = this.#actions.get(action_id);
    if (record?.state !== "verifying" || record.submitted === undefined || record.receipt === undefined) return { status: "gone" };
    const { submitted, ...rest } = record;
    if (verdict.ok) {
      const receipt = this.#receipts.judge({ ...record.receipt, verdict: "accepted" });
      const { digest: _, ...result } = submitted;
      this.#end({ ...rest, receipt }, result);
      return { status: "done", receipt };
    }
    const say = verdict.say.slice(0, 10).map((words) => cut(words, 300));
    if (verdict.undecided === true) {
      // Nothing was decided about this attempt: its receipt goes, so that the same result can be sent again.
      this.#receipts.forget(record.attempt.id);
      const { receipt: _, ...unsettled } = rest;
      this.#put({ ...unsettled, state: record.attempt.holder === undefined ? "open" : "leased" });
      const details = { say, attempt_id: record.attempt.id };
      return {
        status: "rejected",
        refusal: refuse("CHECK_FAILED", `The checks could not be made: ${say[0] ?? "no reason given"}`, {
          details,
          do_next: "Nothing is wrong with the result as such: submit it again with the same attempt_id.",
        }),
      };
    }
    const receipt = this.#receipts.judge({ ...record.receipt, verdict: "rejected", say: say.slice(0, 3) });
    const failures = [...shortened(record.failures), { attempt: record.attempt.number, say }];
    const judged = { ...rest, receipt, failures };
    if (record.executor === "human" || failures.length < record.allowed) {
      const { holder } = record.attempt;
      const attempt = nextAttempt(record, this.#deps.newId(), holder === undefined ? {} : { holder, expires_at: now + record.lease_ms });
      this.#put({ ...judged, ...attempt, state: holder === undefined ? "open" : "leased" });
    } else this.#toPerson(judged, [], failures);
    return { status: "rejected", refusal: this.#rejection(receipt) };
  }

  /** Marks leases that have run out. Presentation looks for itself; this is for whoever shows the state. */
  expire(now: number): readonly ActionRecord[] {
    return this.open_actions()
      .filter(({ state, attempt }) => state === "leased" && attempt.expires_at !== undefined && attempt.expires_at <= now)
      .map((record) => this.#put({ ...record, state: "expired" }));
  }

  /** Ends what is past its deadline, or hands it to a person. What is being verified came in time. */
  deadline(now: number): readonly ActionRecord[] {
    const isDue = ({ deadline_at, state }: ActionRecord): boolean =>
      deadline_at !== undefined && deadline_at <= now && state !== "verifying";
    return this.open_actions()
      .filter(isDue)
      .map((record) => {
        if (record.on_deadline === "end") return this.#end(record, { outcome: "deadline", result: null });
        const { deadline_at: _, ...escalated } = record;
        return this.#toPerson(escalated, ["Its deadline has passed."]);
      });
  }

  /** When `deadline` (or, where leases are shown, `expire`) has something to do next. */
  nextTimer(options: { readonly leases?: boolean } = {}): number | undefined {
    const times = this.open_actions().flatMap(({ deadline_at, state, attempt }) => [
      ...(deadline_at === undefined || state === "verifying" ? [] : [deadline_at]),
      ...(options.leases === true && state === "leased" && attempt.expires_at !== undefined ? [attempt.expires_at] : []),
    ]);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Gives an action to another agent or role, whoever holds it; whoever held it is fenced off. */
  reassign(action_id: string, to: { readonly agent?: Agent; readonly role?: string }, now: number): ActionRecord | Refusal {
    const record = this.#live(action_id);
    if (record === undefined) return this.#gone(action_id);
    if (record.state === "verifying") return refuse("ATTEMPT_CONFLICT", `A result of ${action_id} is being checked.`, { retryable: true });
    if (record.executor === "human")
      return refuse("AWAITING_HUMAN", `${action_id} is a person's; it cannot be given to an agent.`, {
        do_next: "Tell the person what it asks. Call next_action with wait_seconds, and do other work meanwhile.",
      });
    const { agent, role } = to;
    const lease = agent === undefined ? {} : { holder: agent, expires_at: now + record.lease_ms };
    const allowed = record.state === "needs_human" ? record.failures.length + record.max_attempts : record.allowed;
    const next = { ...record, ...nextAttempt(record, this.#deps.newId(), lease), allowed, ...(role === undefined ? {} : { role }) };
    return this.#put({ ...next, state: agent === undefined ? "open" : "leased" });
  }

  /** Takes an action over from a holder who has not given it up. */
  takeOver(action_id: string, agent: Agent, now: number): ActionRecord | Refusal {
    return this.reassign(action_id, { agent }, now);
  }

  /** Gives an action back: by its holder, or by a person who had it and lets agents try again. */
  release(action_id: string, now: number): ActionRecord | Refusal {
    return this.reassign(action_id, {}, now);
  }

  /** Ends an action without a result. */
  cancel(action_id: string): void {
    const record = this.#live(action_id);
    if (record === undefined) return;
    this.#withdrawn = withWithdrawn(this.#withdrawn, record);
    this.#end(record, { outcome: "cancelled", result: null }, "cancelled");
  }

  /** Forgets an action whose result is kept elsewhere now; its receipts stay. */
  collect(action_id: string): void {
    const record = this.#actions.get(action_id);
    if (record !== undefined && !isLive(record)) this.#actions.delete(action_id);
  }

  /** A step is over: its actions (`<path>#1`, …) and those of steps in it are forgotten, open ones withdrawn. Receipts stay. */
  endStep(path: string): readonly string[] {
    const isIn = (action_id: string): boolean => action_id.startsWith(path) && /[#/[]/.test(action_id.charAt(path.length));
    const ids = [...this.#actions.keys()].filter(isIn);
    for (const action_id of ids) {
      this.cancel(action_id);
      this.#actions.delete(action_id);
    }
    return ids;
  }

  /** The run is over: nothing is taken any more, receipts are still given. */
  close(status: string, summary: string): void {
    for (const { action_id } of this.open_actions()) this.cancel(action_id);
    this.#closed = { status, summary };
  }

  #live(action_id: string): ActionRecord | undefined {
    const record = this.#actions.get(action_id);
    return record !== undefined && isLive(record) ? record : undefined;
  }

  #gone(action_id: string): Refusal {
    return this.#closed === undefined
      ? refuse("STALE_ATTEMPT", `No action ${action_id} is open.`)
      : refuse("RUN_CLOSED", `The run is ${this.#closed.status}: ${this.#closed.summary}`);
  }

  #toPerson(record: ActionRecord, say: readonly string[], failures?: ActionRecord["failures"]): ActionRecord {
    const attempts = failures ?? [...record.failures, { attempt: record.attempt.number, say }];
    return this.#put({ ...record, ...nextAttempt(record, this.#deps.newId(), {}), failures: attempts, state: "needs_human" });
  }

  #end(record: ActionRecord, result: ActionResult, state: "done" | "cancelled" = "done"): ActionRecord {
    const { submitted: _, ...rest } = record;
    return this.#put({ ...rest, state, result });
  }

  #replayed(receipt: Receipt): { refusal?: Refusal } {
    return receipt.verdict === "rejected" ? { refusal: this.#rejection(receipt) } : {};
  }

  #rejection(receipt: Receipt): Refusal {
    return rejectionOf(receipt, this.#live(receipt.action_id));
  }

  #put(record: ActionRecord): ActionRecord {
    this.#actions.set(record.action_id, record);
    return record;
  }
}

/** Of all but the last few the first words are enough. */
function shortened(failures: ActionRecord["failures"]): ActionRecord["failures"] {
  return failures.map((one, at) =>
    at >= failures.length - 4 ? one : { ...one, say: one.say.slice(0, 1).map((words) => cut(words, 100)) },
  );
}

function utf8Length(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
