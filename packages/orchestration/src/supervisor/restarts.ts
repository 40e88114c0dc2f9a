/** A process that lived shorter than this died of its start, and would again. */
const QUICK_MS = 10_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
const DEGRADED_AFTER = 3;

/** When to start again what died: at once after a long life or a first short one, then later and later. */
export class Restarts {
  /** Short lives in a row. */
  quick = 0;

  died(livedMs: number): void {
    this.quick = livedMs < QUICK_MS ? this.quick + 1 : 0;
  }

  /** Milliseconds to wait before the next start, by short lives in a row: 0, 0, 0.5, 1, 2 … 30 s. */
  get delayMs(): number {
    return this.quick <= 1 ? 0 : Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.quick - 2));
  }

  get degraded(): boolean {
    return this.quick >= DEGRADED_AFTER;
  }
}
