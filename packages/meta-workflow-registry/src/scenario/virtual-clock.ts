import type { RunScope } from "../run/index.ts";

interface Timer {
  readonly at: number;
  readonly number: number;
  readonly ring: () => void;
  /** It is the world's, not the run's. */
  readonly stays: boolean;
}

/** Time that passes only when it is told to. Timers of the same time ring in the order in which they were set. */
export class VirtualClock {
  #now: number;
  #timers: Timer[] = [];
  #numbers = 0;

  /** @param now milliseconds since 1970 */
  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** When the next timer rings. */
  next(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ at }) => at));
  }

  /** Goes to the next timer and rings it. */
  advance(): void {
    const [first] = this.#timers.toSorted((a, b) => a.at - b.at || a.number - b.number);
    if (first === undefined) return;
    this.#timers = this.#timers.filter((timer) => timer !== first);
    this.#now = Math.max(this.#now, first.at);
    first.ring();
  }

  /** Calls back after so many milliseconds; what it returns takes the timer away. One that `stays` outlives the run. */
  after(ms: number, ring: () => void, stays = false): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), number: (this.#numbers += 1), ring, stays };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((one) => one !== timer);
    };
  }

  /** False where the scope was cancelled first. */
  sleep(ms: number, scope: RunScope): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = this.after(ms, () => {
        forget();
        resolve(true);
      });
      const forget = scope.onCancel(() => {
        stop();
        resolve(false);
      });
    });
  }

  /** Forgets the timers of a run that is gone. */
  clear(): void {
    this.#timers = this.#timers.filter(({ stays }) => stays);
  }
}
