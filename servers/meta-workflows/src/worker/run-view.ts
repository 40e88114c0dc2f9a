import type { ActionBook, ActionRecord, Journal, RunEnd } from "@platform-ops/meta-workflow-registry/run";
import { workflowInfo } from "@temporalio/workflow";
import { viewAction } from "./action-view.ts";
import type { DurablePorts } from "./durable-ports.ts";
import { peekActions } from "./peek.ts";
import type { Asking, Look, RunAnswer, RunInput, WaitingFor } from "./run-contract.ts";
import { memoCandidates, statusOf } from "./run-memo.ts";
import type { RunPause } from "./run-pause.ts";
import { waitingFor } from "./waiting-for.ts";

/** The parts of a run that are told of. */
export interface ToldParts {
  readonly input: RunInput;
  readonly book: ActionBook;
  readonly ports: DurablePorts;
  readonly pause: RunPause;
  readonly journal: Journal;
  end(): RunEnd | undefined;
}

/** A run as others are told of it: in answers, to queries, in its memo. */
export class RunView {
  readonly #parts: ToldParts;

  constructor(parts: ToldParts) {
    this.#parts = parts;
  }

  /** What an agent would be shown; `now` is the asker's clock, since a query has none. */
  look({ now, ...asking }: Asking & { readonly now: number }): Look {
    const { book, pause } = this.#parts;
    const { agent } = asking;
    const before = book.state.actions;
    const actions = pause.isPaused ? [] : peekActions(book, asking, now);
    const changes = actions.some(({ action_id, attempt, lease_ms }) => {
      const held = before[action_id];
      if (held?.attempt.id !== attempt.id || held.state !== "leased") return true;
      return (held.attempt.expires_at ?? 0) - now < lease_ms / 2;
    });
    const held = actions.flatMap(({ action_id }) => (before[action_id]?.attempt.holder?.id === agent.id ? [action_id] : []));
    return { ...this.answer(actions), changes, held };
  }

  /** The answer to whoever is given these actions. */
  answer(actions: readonly ActionRecord[]): RunAnswer {
    const { pause, ports } = this.#parts;
    const end = this.#parts.end();
    const { workflowId } = workflowInfo();
    return {
      status: statusOf(end, actions.length > 0),
      actions: actions.map((record) => viewAction(workflowId, record)),
      waiting_for: this.#waitingFor(actions),
      ...(pause.isPaused ? { paused: true } : {}),
      ...(pause.pause === undefined ? {} : { pause: pause.pause }),
      ...(ports.simulated ? { simulated: true } : {}),
      ...(end === undefined ? {} : { end }),
    };
  }

  /** For the memo: all there is to tell, and less of it where that does not fit. */
  status(): ReturnType<typeof memoCandidates> {
    const { input, journal, book, pause, ports } = this.#parts;
    return memoCandidates(input, {
      journal,
      actions: book.open_actions(),
      waiting_for: this.#waitingFor(Object.values(book.state.actions).filter(({ executor }) => executor !== "human")),
      paused: pause.isPaused,
      pause: pause.pause,
      simulated: ports.simulated,
      end: this.#parts.end(),
    });
  }

  #waitingFor(shown: readonly ActionRecord[]): WaitingFor[] {
    const { book, ports } = this.#parts;
    if (this.#parts.end() !== undefined) return [];
    const ids = new Set(shown.map(({ action_id }) => action_id));
    const others = book.open_actions().filter(({ action_id }) => !ids.has(action_id));
    return waitingFor(others, ports.approvals, ports.timers, ports.busy, ports.lockWaits, ports.awaited);
  }
}
