import { upsertMemo } from "@temporalio/workflow";

/** The run's memo as it was written last. */
export class WrittenMemo {
  readonly #written = new Map<string, string>();

  /** Writes the keys that changed; to be called once per workflow task at most, right before the task ends. */
  write(memo: Readonly<Record<string, unknown>>): void {
    const changed = Object.entries(memo).filter(([key, value]) => this.#written.get(key) !== JSON.stringify(value));
    if (changed.length === 0) return;
    for (const [key, value] of changed) this.#written.set(key, JSON.stringify(value));
    upsertMemo(Object.fromEntries(changed));
  }
}
