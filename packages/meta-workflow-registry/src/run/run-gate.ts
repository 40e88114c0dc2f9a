/** Where a run stands still: while it is paused, and for good where another execution carries it on. */
export class RunGate {
  #busy = 0;
  #held = false;
  #paused: { readonly waits: Promise<void>; readonly go: () => void } | undefined;
  #quiet: (() => void)[] = [];

  /** From here on no step begins; resolves once no call is under way. The journal is complete then. */
  hold(): Promise<void> {
    this.#held = true;
    return new Promise((resolve) => {
      this.#quiet.push(resolve);
      this.#tellQuiet();
    });
  }

  #tellQuiet(): void {
    if (!this.#held || this.#busy > 0) return;
    for (const resolve of this.#quiet) resolve();
    this.#quiet = [];
  }

  /** No step begins until `resume`. */
  pause(): void {
    if (this.#paused !== undefined) return;
    let go = (): void => undefined;
    const waits = new Promise<void>((resolve) => (go = resolve));
    this.#paused = { waits, go };
  }

  resume(): void {
    this.#paused?.go();
    this.#paused = undefined;
  }

  get isPaused(): boolean {
    return this.#paused !== undefined;
  }

  /** Within busy work of a paused run: until it goes on. */
  async unpaused(): Promise<void> {
    await this.idle(() => Promise.resolve());
  }

  /** Passes while the run is neither paused nor held; a held run never goes on. */
  async gate(): Promise<void> {
    while (this.#paused !== undefined) await this.#paused.waits;
    if (this.#held) await new Promise<never>(() => undefined);
  }

  /** Work during which the run may not be carried on by another. */
  async busy<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
      this.#tellQuiet();
    }
  }

  /** A wait within busy work during which the run may be carried on: what it found is found again then. */
  async idle<T>(wait: () => Promise<T>): Promise<T> {
    this.#busy -= 1;
    this.#tellQuiet();
    try {
      const value = await wait();
      await this.gate();
      return value;
    } finally {
      this.#busy += 1;
    }
  }
}
