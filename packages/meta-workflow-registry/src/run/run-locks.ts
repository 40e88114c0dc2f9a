import { ScopeCancelled, StepFailure } from "./completion.ts";
import type { Journal } from "./journal.ts";
import type { Ports } from "./ports.ts";
import { RunScope } from "./scope.ts";

/** The parts of a run that locks depend on. */
interface LockParts {
  readonly journal: Journal;
  readonly ports: Ports;
}

/**
 * The locks of one run, by the path of the definition that needs them: "" the run's own, else that of a `workflow` step. What a
 * definition around holds already is not asked for again; two branches of one run that need the same lock take it one after
 * the other, in the order in which they asked.
 */
export class RunLocks {
  readonly #parts: LockParts;
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(parts: LockParts) {
    this.#parts = parts;
  }

  /**
   * Waits for all of them; in the order of their names, so that two runs which need the same ones never wait for each other.
   * Asked again after the run was carried on, it goes on with those that it has.
   *
   * @throws ScopeCancelled where the scope ended first: none is kept
   * @throws StepFailure locked, where the holder waits for a lock that this run holds
   */
  async take(names: readonly string[], path: string, scope: RunScope): Promise<void> {
    for (const name of [...new Set(names)].toSorted()) {
      try {
        await this.#takeOne(name, path, scope);
      } catch (error) {
        await this.release(path);
        throw error;
      }
    }
  }

  /** Whether anything is kept by that path. */
  holds(path: string): boolean {
    return Object.values(this.#locks()).some((lock) => lock.path === path && lock.held === true);
  }

  /** Gives back what that path took. */
  async release(path: string): Promise<void> {
    const locks = this.#locks();
    for (const name of Object.keys(locks).filter((one) => locks[one]?.path === path)) {
      const wasHeld = locks[name]?.held === true;
      delete locks[name];
      if (wasHeld) await this.#parts.ports.unlock(name);
      for (const go of this.#waiting.get(name)?.splice(0) ?? []) go();
    }
  }

  async #takeOne(name: string, path: string, scope: RunScope): Promise<void> {
    const { ports } = this.#parts;
    const locks = this.#locks();
    for (let lock = locks[name]; lock !== undefined && lock.path !== path; lock = locks[name]) {
      if (isAround(lock.path, path)) return;
      await this.#released(name, scope);
    }
    const lock = (locks[name] ??= { path, since: ports.now() });
    // What it had when it was carried on is its own, however its scope ended meanwhile: what undoes its steps still needs it.
    const until = lock.held === true ? new RunScope() : scope;
    const taken = await ports.lock({ name, path, since: lock.since }, until);
    if (taken === "cancelled") throw new ScopeCancelled();
    if (taken === "deadlock")
      throw new StepFailure("locked", `The run that holds the lock ${name} waits for one that this run holds: neither would ever go on.`);
    lock.held = true;
  }

  #released(name: string, scope: RunScope): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(name) ?? [];
      this.#waiting.set(name, waiting);
      const forget = scope.onCancel(() => reject(new ScopeCancelled()));
      waiting.push(() => {
        forget();
        resolve();
      });
    });
  }

  #locks(): NonNullable<Journal["locks"]> {
    return (this.#parts.journal.locks ??= {});
  }
}

/** Whether one path is that of a definition around the other. */
function isAround(outer: string, inner: string): boolean {
  return outer === "" || inner.startsWith(`${outer}/`);
}
