import { digestOf } from "@platform-ops/meta-workflow-registry/expression";
import type { LockAnswer, LockDraft, RunScope, TimelineEvent } from "@platform-ops/meta-workflow-registry/run";
import { lockId, takeLock, type HeldLock, type LockHolder } from "@platform-ops/orchestration/workflow";
import { CancellationScope, isCancellation, patched } from "@temporalio/workflow";

/** Runs that began before locks were held go on without them. */
const PATCH = "locks-are-held";

/** A lock that the run waits for. */
export interface LockWait {
  readonly name: string;
  /** Absent where it is free, and others asked before. */
  readonly by?: LockHolder;
}

/** What the locks need of the run they belong to. */
export interface LocksParts {
  record(event: TimelineEvent): void;
  touched(): void;
}

/** The locks of one run on Temporal. What it holds at its end is given back by Temporal, however it ended. */
export class DurableLocks {
  readonly #parts: LocksParts;
  readonly #held = new Map<string, HeldLock>();
  readonly #waits = new Map<string, LockWait>();
  #asking = 0;

  constructor(parts: LocksParts) {
    this.#parts = parts;
  }

  /** False in a run that began before locks were held. */
  get areHeld(): boolean {
    return patched(PATCH);
  }

  /** It is being found out whether a lock is free, or one is being given back. */
  get busy(): boolean {
    return this.#asking > this.#waits.size;
  }

  get waits(): readonly LockWait[] {
    return [...this.#waits.values()];
  }

  async lock({ name, path, since }: LockDraft, scope: RunScope): Promise<LockAnswer> {
    if (scope.cancelled) return "cancelled";
    const cancellable = new CancellationScope({ cancellable: true });
    const stop = scope.onCancel(() => {
      this.#waits.delete(name);
      cancellable.cancel();
    });
    this.#asking += 1;
    try {
      const held = await takeLock({
        lock: idOf(name),
        since,
        holds: () => [...this.#held.keys()].map(idOf),
        scope: cancellable,
        waits: (by) => this.#tell(path, by === undefined ? { name } : { name, by }),
      });
      if (held === "deadlock") return held;
      this.#held.set(name, held);
      if (!scope.cancelled) return "held";
      await this.unlock(name);
      return "cancelled";
    } catch (error) {
      if (scope.cancelled && isCancellation(error)) return "cancelled";
      throw error;
    } finally {
      stop();
      this.#asking -= 1;
      this.#waits.delete(name);
      this.#parts.touched();
    }
  }

  async unlock(name: string): Promise<void> {
    const held = this.#held.get(name);
    this.#held.delete(name);
    this.#asking += 1;
    try {
      await held?.release();
    } finally {
      this.#asking -= 1;
      this.#parts.touched();
    }
  }

  #tell(path: string, wait: LockWait): void {
    this.#waits.set(wait.name, wait);
    const { name, by } = wait;
    const text = by === undefined ? `its turn at the lock ${name}` : `the lock ${name}, held by ${by.run} since ${by.since}`;
    this.#parts.record({ at: Date.now(), path, what: "waiting", text });
    this.#parts.touched();
  }
}

/** Data directories have keys of their own, and yet must know the same lock by the same id: the digest is a plain one. */
function idOf(name: string): string {
  return lockId(digestOf(name));
}
