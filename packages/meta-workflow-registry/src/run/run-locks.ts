import type { Definition } from "../definition/definition.ts";
import { ScopeCancelled, StepFailure } from "./completion.ts";
import type { Journal } from "./journal.ts";
import type { Ports } from "./ports.ts";
import { RunScope } from "./scope.ts";
import type { Here, Walk } from "./walk.ts";

const LONGEST_NAME = 300;

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

/** Whether a definition has locks that are to be taken. */
export function needsLocks({ ports }: Walk, { locks }: Definition): boolean {
  return locks.length > 0 && ports.holdsLocks();
}

/**
 * Takes the locks of a definition whose inputs and state are there. Their names are those with which it began.
 *
 * @throws StepFailure expression_failed, locked
 * @throws ScopeCancelled
 */
export async function takeLocks(walk: Walk, definition: Definition, here: Here): Promise<void> {
  const { path, scope } = here;
  const names = (walk.journal.marks[`${path}#locks`] ??= definition.locks.map((lock) => lockName(walk.text(lock, here))));
  await walk.locks.take(names as string[], path, scope);
}

function lockName(text: string): string {
  const name = text.trim();
  if (name === "" || name.length > LONGEST_NAME)
    throw new StepFailure("expression_failed", `A lock's name has 1 to ${LONGEST_NAME} characters; this one has ${name.length}.`);
  return name;
}
