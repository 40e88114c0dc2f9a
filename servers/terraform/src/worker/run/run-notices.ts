import { CancellationScope, condition } from "@temporalio/workflow";
import type { NoticeTask } from "../activity-contract.ts";
import { notices } from "./activity-options.ts";
import type { NodeState } from "./node-state.ts";

/** How long a run that is done waits for its notices to be taken: a notifier that hangs must not keep it open. */
const GRACE_MS = 5_000;

/** What a run tells the operator's command or webhook. Nothing in the run waits for an answer. */
export class RunNotices {
  readonly #queue: string;
  readonly #environment: string;
  readonly #pending = new Set<Promise<void>>();

  constructor(queue: string, environment: string) {
    this.#queue = queue;
    this.#environment = environment;
  }

  /** Tells of one workspace that needs a look. */
  tell(event: "failed" | "in_doubt", n: NodeState): void {
    this.send({ event, workspaces: [{ name: n.node.name, state: n.state, ...(n.failure === undefined ? {} : { code: n.failure.code }) }] });
  }

  send(notice: Omit<NoticeTask, "environment">): void {
    const sent = CancellationScope.nonCancellable(() => notices(this.#queue).notify({ environment: this.#environment, ...notice }))
      .catch(() => undefined)
      .finally(() => this.#pending.delete(sent));
    this.#pending.add(sent);
  }

  /** Until all were taken or given up, but no longer than the grace. */
  async settled(): Promise<void> {
    if (this.#pending.size > 0) await condition(() => this.#pending.size === 0, GRACE_MS);
  }
}
