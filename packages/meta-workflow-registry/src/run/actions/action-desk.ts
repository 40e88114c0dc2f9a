import type { ActionDraft, ActionRecord, ActionResult, Verify } from "./action.ts";
import type { ActionBook } from "./action-book.ts";
import type { SettleAnswer, Submission, SubmitAnswer } from "./protocol.ts";
import type { RunScope } from "../scope.ts";

// Between the book, which knows no promises, and the interpreter, which waits. Deterministic: it may stand in workflow code.

interface Waiter {
  readonly verify: Verify;
  readonly resolve: (result: ActionResult) => void;
  readonly stopListening: () => void;
}

interface Queued {
  readonly draft: ActionDraft;
  readonly begin: () => void;
}

/** What a submission came to, once the server's checks have spoken. */
export type DeskAnswer =
  | Exclude<SubmitAnswer, { status: "verifying" }>
  | { readonly status: "settled"; readonly action: ActionRecord; readonly settled: SettleAnswer };

/** Opens the interpreter's actions in the book, and gives it what becomes of them. */
export class ActionDesk {
  readonly book: ActionBook;
  readonly #now: () => number;
  readonly #waiters = new Map<string, Waiter>();
  readonly #queue: Queued[] = [];
  /** Results that came before the interpreter had asked for their action again. */
  readonly #unchecked = new Map<string, (answer: SettleAnswer) => void>();
  readonly #changed: () => void;
  #verifying = 0;
  #isPaused = false;

  /** @param changed called after each change of the book: timers are to be set anew, and whoever polls to be told */
  constructor(book: ActionBook, now: () => number, changed: () => void = () => undefined) {
    this.book = book;
    this.#now = now;
    this.#changed = changed;
  }

  /** The port of the interpreter. Where as many are open as may be, it waits for its turn. */
  action(draft: ActionDraft, verify: Verify, scope: RunScope): Promise<ActionResult> {
    return new Promise((resolve) => {
      const stopListening = scope.onCancel(() => this.#cancel(draft.action_id, resolve));
      if (scope.cancelled) return;
      const waiter: Waiter = { verify, resolve, stopListening };
      const begin = (): void => this.#open(draft, waiter);
      if (this.book.get(draft.action_id) === undefined && (this.#isPaused || this.#queue.length > 0)) this.#queue.push({ draft, begin });
      else begin();
    });
  }

  /** From here on no action is opened; those that are open take results. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.pump();
  }

  /** How many wait for their turn. */
  get queued(): number {
    return this.#queue.length;
  }

  /** True while a result is being checked: a run is not carried on before that is over. */
  get verifying(): boolean {
    return this.#verifying > 0;
  }

  /** Takes a submission; resolves once the server's checks have spoken. */
  async submit(submission: Submission): Promise<DeskAnswer> {
    const answer = this.book.submit(submission, this.#now());
    this.pump();
    if (answer.status !== "verifying") return answer;
    const settled = await this.#verify(answer.action);
    return { status: "settled", action: this.book.get(answer.action.action_id) ?? answer.action, settled };
  }

  /** Where the run was just carried on, the interpreter may not have come to the action yet: then its checks come later. */
  #verify(action: ActionRecord): Promise<SettleAnswer> {
    const waiter = this.#waiters.get(action.action_id);
    if (waiter !== undefined) return this.#check(action, waiter);
    return new Promise((resolve) => {
      const earlier = this.#unchecked.get(action.action_id);
      this.#unchecked.set(action.action_id, (answer) => {
        earlier?.(answer);
        resolve(answer);
      });
    });
  }

  async #check({ action_id, submitted }: ActionRecord, waiter: Waiter): Promise<SettleAnswer> {
    this.#verifying += 1;
    try {
      const settled = this.book.settle(action_id, await waiter.verify(submitted?.result ?? null), this.#now());
      this.#unchecked.get(action_id)?.(settled);
      this.#unchecked.delete(action_id);
      this.pump();
      return settled;
    } finally {
      this.#verifying -= 1;
    }
  }

  /** Call after any change of the book: gives results to those who wait, and opens what waited for its turn. */
  pump(): void {
    for (const [action_id, waiter] of this.#waiters) {
      const result = this.book.get(action_id)?.result;
      if (result === undefined) continue;
      this.#waiters.delete(action_id);
      waiter.stopListening();
      waiter.resolve(result);
    }
    for (let next = this.#queue[0]; next !== undefined && !this.#isPaused; next = this.#queue[0]) {
      const before = this.#queue.length;
      this.#queue.shift();
      next.begin();
      // It was put back: there is no place yet.
      if (this.#queue.length === before) break;
    }
    this.#changed();
  }

  /** Port of the interpreter: the step is in the journal. An action of it that nobody waits for any more is over. */
  taken(path: string): void {
    const ended = this.book.endStep(path);
    for (const action_id of ended) {
      this.#unchecked.get(action_id)?.({ status: "gone" });
      this.#unchecked.delete(action_id);
    }
    // There is room again for what waits for its turn.
    if (ended.length > 0) this.pump();
  }

  #open(draft: ActionDraft, waiter: Waiter): void {
    const opened = this.book.open(draft, this.#now());
    if (opened === "full") {
      this.#queue.unshift({ draft, begin: () => this.#open(draft, waiter) });
      return;
    }
    this.#waiters.set(draft.action_id, waiter);
    // The run was carried on: the result was there, or was being checked.
    if (opened.result !== undefined) this.pump();
    else if (opened.state === "verifying") void this.#check(opened, waiter);
    else this.#changed();
  }

  #cancel(action_id: string, resolve: (result: ActionResult) => void): void {
    const at = this.#queue.findIndex(({ draft }) => draft.action_id === action_id);
    if (at >= 0) this.#queue.splice(at, 1);
    this.#waiters.delete(action_id);
    this.book.cancel(action_id);
    resolve({ outcome: "cancelled", result: null });
    this.#changed();
  }
}
