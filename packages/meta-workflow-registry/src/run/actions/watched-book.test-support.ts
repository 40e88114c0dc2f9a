import type { ActionDraft, Outcome, Receipt } from "./action.ts";
import { ActionBook } from "./action-book.ts";
import type { BookState, Submission } from "./protocol.ts";

const MINUTE = 60_000;
const MAX_OPEN = 3;

/** What agents, people, clocks and restarts do. */
export type Command =
  | { readonly do: "open"; readonly id: number }
  | { readonly do: "present" | "take_over" | "claim"; readonly agent: number; readonly id: number }
  | { readonly do: "submit"; readonly agent: number; readonly attempt: number; readonly result: number; readonly outcome: Outcome }
  | { readonly do: "submit_bare"; readonly result: number }
  | { readonly do: "submit_person"; readonly id: number; readonly result: number }
  | { readonly do: "settle"; readonly id: number; readonly verdict: "ok" | "wrong" | "undecided" }
  | { readonly do: "pass"; readonly minutes: number }
  | { readonly do: "release" | "cancel" | "collect"; readonly id: number }
  | { readonly do: "carry_on" };

function draft(number: number): ActionDraft {
  return {
    action_id: `a${number}#1`,
    step_id: `a${number}`,
    effect_key: `k${number}`,
    type: "prompt",
    executor: number === 4 ? "human" : "agent",
    title: "",
    instructions: "",
    parameters: {},
    context: [],
    result_schema: {},
    accept: [],
    evidence: [],
    lease_ms: 10 * MINUTE,
    max_attempts: 2,
    on_deadline: number % 2 === 0 ? "end" : "escalate",
    ...(number < 2 ? { deadline_at: 40 * MINUTE } : {}),
  };
}

/** The book with what was seen of it. `check` throws where it did what it never may. */
export class Watched {
  #book: ActionBook;
  #now = 0;
  #ids = 0;
  readonly #attempts: string[] = [];
  readonly #opened = new Set<string>();
  readonly #ends = new Map<string, string>();
  readonly #collected = new Set<string>();
  readonly #accepted: { readonly submission: Submission; readonly receipt: Receipt }[] = [];
  /** Who may believe to hold an action, and until when. */
  readonly #leases = new Map<string, { readonly agent: string; readonly attempt: string; readonly until: number }>();

  constructor() {
    this.#book = this.#create();
  }

  #create(state?: BookState): ActionBook {
    const newId = (): string => {
      const made = `t${(this.#ids += 1)}`;
      this.#attempts.push(made);
      return made;
    };
    return ActionBook.create({ newId, validate: () => [], max_open: MAX_OPEN }, state);
  }

  run(one: Command): void {
    switch (one.do) {
      case "open":
        return this.#open(one.id);
      case "present":
        for (const { action_id } of this.#book.present({ id: `g${one.agent}` }, this.#now).actions)
          this.#leased(action_id, `g${one.agent}`);
        return;
      case "claim": {
        const claimed = this.#book.claim(`a${one.id}#1`, { id: `g${one.agent}` }, this.#now);
        if ("action_id" in claimed) this.#leased(claimed.action_id, `g${one.agent}`);
        return;
      }
      case "take_over": {
        const taken = this.#book.takeOver(`a${one.id}#1`, { id: `g${one.agent}` }, this.#now);
        if ("action_id" in taken)
          this.#leases.set(taken.action_id, { agent: `g${one.agent}`, attempt: taken.attempt.id, until: this.#now + 10 * MINUTE });
        return;
      }
      case "submit": {
        const attempt_id = this.#attempts[one.attempt % Math.max(1, this.#attempts.length)] ?? "none";
        return this.#submit({ attempt_id, outcome: one.outcome, result: one.result, agent: { id: `g${one.agent}` } });
      }
      case "submit_bare":
        return this.#submit({ outcome: "completed", result: one.result });
      case "submit_person":
        return this.#submit({ action_id: `a${one.id}#1`, outcome: "completed", result: one.result, person: true });
      case "settle": {
        const ok = one.verdict === "ok";
        const before = this.#book.get(`a${one.id}#1`)?.state;
        const answer = this.#book.settle(
          `a${one.id}#1`,
          ok ? { ok } : { ok, say: ["wrong"], ...(one.verdict === "undecided" ? { undecided: true } : {}) },
          this.#now,
        );
        must((answer.status === "gone") === (before !== "verifying"), "settle takes what is being verified, and only that");
        if (answer.status === "rejected") this.#unsure(`a${one.id}#1`, one.verdict);
        return;
      }
      case "pass":
        this.#now += one.minutes * MINUTE;
        this.#book.expire(this.#now);
        this.#book.deadline(this.#now);
        return;
      case "release":
        this.#book.release(`a${one.id}#1`, this.#now);
        this.#leases.delete(`a${one.id}#1`);
        return;
      case "cancel":
        return this.#book.cancel(`a${one.id}#1`);
      case "collect":
        if (this.#ends.has(`a${one.id}#1`)) this.#collected.add(`a${one.id}#1`);
        return this.#book.collect(`a${one.id}#1`);
      case "carry_on":
        this.#book = this.#create(JSON.parse(JSON.stringify(this.#book.state)) as BookState);
    }
  }

  #open(number: number): void {
    const { action_id } = draft(number);
    // The interpreter asks once for an action, and again only after the run was carried on.
    if (this.#collected.has(action_id)) return;
    const before = this.#book.open_actions().length;
    const known = this.#book.get(action_id);
    const opened = this.#book.open(draft(number), this.#now);
    if (opened === "full") must(before === MAX_OPEN, "full only where as many are open as may be");
    else this.#opened.add(action_id);
    if (known !== undefined) must(opened === known, "a known action is left as it is");
  }

  #leased(action_id: string, agent: string): void {
    const { attempt } = this.#book.get(action_id)!;
    const other = this.#leases.get(action_id);
    // Two agents never hold one action, and whoever comes second has an attempt of his own.
    if (other !== undefined && other.agent !== agent) {
      must(other.until <= this.#now, "nobody gets what another agent holds");
      must(attempt.id !== other.attempt, "whoever takes over has an attempt of his own");
    }
    this.#leases.set(action_id, { agent, attempt: attempt.id, until: attempt.expires_at! });
  }

  #submit(submission: Submission): void {
    const owners = this.#book.open_actions();
    const answer = this.#book.submit(submission, this.#now);
    if (answer.status === "renewed") {
      const { action_id, attempt } = answer.action;
      this.#leases.set(action_id, { agent: attempt.holder!.id, attempt: attempt.id, until: attempt.expires_at! });
      return;
    }
    if (answer.status === "refused" || answer.status === "replayed") return;
    const { receipt, action } = answer;
    const before = owners.find(({ action_id }) => action_id === action.action_id)!;
    // Only who has the current attempt is believed, and nobody but a person where a person has it.
    must(receipt.attempt_id === before.attempt.id, "a receipt is of the current attempt");
    if (submission.attempt_id !== undefined) must(submission.attempt_id === before.attempt.id, "an attempt that lost is not believed");
    else if (submission.person !== true) must(!before.presented_anew, "presented anew: the attempt must be named");
    if (before.state === "needs_human" || before.executor === "human") must(submission.person === true, "a person's action is a person's");
    this.#accepted.push({ submission: { ...submission, attempt_id: receipt.attempt_id }, receipt });
    this.#leases.delete(action.action_id);
  }

  /** A result about which nothing was decided leaves no receipt. */
  #unsure(action_id: string, verdict: string): void {
    if (verdict !== "undecided") return;
    const attempt = this.#book.get(action_id)!.attempt.id;
    const at = this.#accepted.findLastIndex(({ receipt }) => receipt.attempt_id === attempt);
    if (at >= 0) this.#accepted.splice(at, 1);
  }

  check(): void {
    const { actions, receipts } = this.#book.state;
    must(this.#book.open_actions().length <= MAX_OPEN, "not more are open than may be");
    const current = Object.values(actions).map(({ attempt }) => attempt.id);
    must(new Set(current).size === current.length, "no attempt is of two actions");
    for (const record of Object.values(actions)) {
      if (record.result === undefined) {
        must(!this.#ends.has(record.action_id), "what is over stays over");
        continue;
      }
      const end = JSON.stringify(record.result);
      must((this.#ends.get(record.action_id) ?? end) === end, "an action ends once");
      this.#ends.set(record.action_id, end);
    }
    const accepted = receipts.filter(({ verdict, outcome }) => verdict === "accepted" && !/^(blocked|needs_human)$/.test(outcome));
    must(new Set(accepted.map(({ action_id }) => action_id)).size === accepted.length, "one result is accepted for an action");
    this.#receiptsAreStable();
  }

  #receiptsAreStable(): void {
    for (const { submission, receipt } of this.#accepted) {
      const again = this.#book.submit(submission, this.#now);
      if (again.status !== "replayed") throw new Error(`the same submission is answered by its receipt, not by ${again.status}`);
      const fields = ({ action_id, attempt_id, digest, outcome, at, by }: Receipt): string =>
        JSON.stringify([action_id, attempt_id, digest, outcome, at, by]);
      must(fields(again.receipt) === fields(receipt), "receipts are stable");
      const other = this.#book.submit({ ...submission, result: "something else" }, this.#now);
      must(other.status === "refused", "another result of the same attempt is refused");
    }
  }
}

function must(holds: boolean, law: string): void {
  if (!holds) throw new Error(`Not kept: ${law}.`);
}
