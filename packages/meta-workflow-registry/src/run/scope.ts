/**
 * What ends what is under way in it: a branch that lost, a run that is cancelled. Cancelling one cancels its children.
 * Listeners are called at once, in the order in which they came.
 */
export class RunScope {
  #cancelled = false;
  readonly #listeners = new Set<() => void>();

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** A scope that ends with this one, or earlier. */
  child(): RunScope {
    const child = new RunScope();
    if (this.#cancelled) child.cancel();
    else this.#listeners.add(() => child.cancel());
    return child;
  }

  cancel(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }

  /** Calls back once, at once where it is cancelled already; what it returns takes the listener away. */
  onCancel(listener: () => void): () => void {
    if (this.#cancelled) {
      listener();
      return () => undefined;
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
