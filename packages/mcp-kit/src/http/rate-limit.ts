/** Token buckets by key: `burst` at once, `perSecond` in the long run. Full buckets are forgotten, so that keys do not pile up. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(perSecond: number, burst: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#now = now;
  }

  /** Takes `count` from the bucket of a key; otherwise gives the seconds after which it will be there. */
  take(key: string, count = 1): number | undefined {
    const now = this.#now();
    const bucket = this.#buckets.get(key);
    const left = bucket === undefined ? this.#burst : this.#refilled(bucket, now);
    // More than ever fits is paid with all there is, once the bucket is full.
    const price = Math.min(count, this.#burst);
    if (left < price) return (price - left) / this.#perSecond;
    this.#buckets.set(key, { left: left - price, at: now });
    return undefined;
  }

  /** Forgets those that are full again. */
  sweep(): void {
    const now = this.#now();
    for (const [key, bucket] of this.#buckets) if (this.#refilled(bucket, now) >= this.#burst) this.#buckets.delete(key);
  }

  get size(): number {
    return this.#buckets.size;
  }

  #refilled({ left, at }: { left: number; at: number }, now: number): number {
    return Math.min(this.#burst, left + ((now - at) / 1000) * this.#perSecond);
  }
}
