import type { Json } from "../definition/definition.ts";
import { EventInbox, type EventWait, type KeptEvent, type RunScope } from "../run/index.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/** The events of a simulated run, and who waits for them. */
export class SimulatedEvents {
  readonly #clock: VirtualClock;
  #inbox = EventInbox.create();
  #waiting: (() => void)[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  /** Those that no step has taken. */
  get state(): readonly KeptEvent[] {
    return this.#inbox.state;
  }

  /** Goes on with these alone; nobody waits any more. */
  restart(kept: readonly KeptEvent[]): void {
    this.#waiting = [];
    this.#inbox = EventInbox.create(kept);
  }

  /** Kept for whoever waits for it, now or later. */
  put(name: string, value: Json): void {
    this.#inbox.put(name, value);
    for (const look of this.#waiting) look();
  }

  /** The step is over. */
  taken(path: string): void {
    this.#inbox.taken(path);
  }

  /** The value of the next event of that name; nothing where the time was up, or the scope ended. */
  wait({ name, path, within }: EventWait, scope: RunScope): Promise<Json | undefined> {
    const inbox = this.#inbox;
    return new Promise((resolve) => {
      const end = (value: Json | undefined): void => {
        this.#waiting = this.#waiting.filter((one) => one !== look);
        stop();
        resolve(value);
      };
      const look = (): void => {
        const found = inbox.reserve(name, path);
        if (found !== undefined) end(found.value);
      };
      const stop = within === undefined ? (): void => undefined : this.#clock.after(within, () => end(undefined));
      this.#waiting.push(look);
      scope.onCancel(() => {
        inbox.release(path);
        end(undefined);
      });
      if (!scope.cancelled) look();
    });
  }
}
