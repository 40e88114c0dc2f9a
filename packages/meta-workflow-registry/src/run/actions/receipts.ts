import type { ActionRecord, Receipt } from "./action.ts";
import type { Submission } from "./protocol.ts";
import { refuse, type Refusal } from "./refusal.ts";

/** So many are kept. */
const MOST = 200;

/** What submissions came to, oldest first: whoever sends one again is told the same again. */
export class Receipts {
  #all: readonly Receipt[];

  /** @param kept what another book left */
  constructor(kept: readonly Receipt[]) {
    this.#all = [...kept];
  }

  get all(): readonly Receipt[] {
    return this.#all;
  }

  /** Keeps a new one; the oldest goes. */
  add(receipt: Receipt): void {
    this.#all = [...this.#all.slice(-(MOST - 1)), receipt];
  }

  /** The verdict on one that is kept. */
  judge(receipt: Receipt): Receipt {
    this.#all = this.#all.map((one) => (one.attempt_id === receipt.attempt_id ? receipt : one));
    return receipt;
  }

  /** As if that attempt had submitted nothing. */
  forget(attempt_id: string): void {
    this.#all = this.#all.filter((one) => one.attempt_id !== attempt_id);
  }
}

/** The receipt of a submission that fits; what an agent sent for a person says so. */
export function receiptOf(
  { action_id, attempt, executor }: ActionRecord,
  { agent, person, outcome }: Submission,
  digest: string,
  now: number,
): Receipt {
  return {
    action_id,
    attempt_id: attempt.id,
    digest,
    outcome,
    at: now,
    verdict: outcome === "completed" ? "verifying" : "accepted",
    ...(agent === undefined ? {} : { by: agent }),
    ...(executor === "human" && person !== true ? { relayed: true } : {}),
  };
}

/** What is told of a result that the server's checks refused; `record` is its action, where that is not over. */
export function rejectionOf({ say = [] }: Receipt, record: ActionRecord | undefined): Refusal {
  const message = `The server's checks refused the result: ${say.join("; ")}`;
  if (record?.state === "needs_human")
    return refuse("CHECK_FAILED", message, {
      details: { say },
      retryable: false,
      do_next: "No attempt is left: a person has it now. Call next_action for other work.",
    });
  return refuse("CHECK_FAILED", message, { details: { say, ...(record === undefined ? {} : { attempt_id: record.attempt.id }) } });
}
