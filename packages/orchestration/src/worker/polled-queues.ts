import { OpsError } from "@platform-ops/errors";
import type { Worker } from "@temporalio/worker";

/** The queues that this process polls now. One that ends by itself ends them all. */
export class PolledQueues {
  readonly #polled = new Map<string, { workers: readonly Worker[]; ended: Promise<unknown> }>();
  readonly #fail: (error: unknown) => void;
  /** Rejects with the failure of the first that ended by itself; never resolves. */
  readonly failed: Promise<never>;

  constructor() {
    let fail: (error: unknown) => void = () => undefined;
    this.failed = new Promise((_resolve, reject) => (fail = reject));
    this.failed.catch(() => undefined);
    this.#fail = fail;
  }

  has(queue: string): boolean {
    return this.#polled.has(queue);
  }

  /** Polls with these workers, under the name of the queue whose runs they serve. */
  start(queue: string, workers: readonly Worker[]): void {
    const runs = workers.map((worker) => worker.run());
    const polled = { workers, ended: Promise.allSettled(runs) };
    this.#polled.set(queue, polled);
    for (const run of runs) {
      run.then(
        () => this.#polled.get(queue) === polled && this.#fail(new OpsError("unexpected", "The worker ended by itself.")),
        (error: unknown) => this.#fail(error),
      );
    }
  }

  /** Polls that queue no more; its steps are handed over. */
  async leave(queue: string): Promise<void> {
    const polled = this.#polled.get(queue);
    this.#polled.delete(queue);
    shutDown(polled?.workers ?? []);
    await polled?.ended;
  }

  /** Leaves all of them. */
  async drain(): Promise<void> {
    await Promise.all([...this.#polled.keys()].map((queue) => this.leave(queue)));
  }
}

function shutDown(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.getState() === "RUNNING") worker.shutdown();
}
