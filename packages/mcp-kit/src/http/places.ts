/** Places of which there are so many in all, and so many for one principal. */
export class Places {
  readonly #most: number;
  readonly #ofOne: number;
  readonly #takenOf = new Map<string, number>();
  #taken = 0;

  constructor(most: number, ofOne: number) {
    this.#most = most;
    this.#ofOne = ofOne;
  }

  /** How many are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes one; gives how to leave it, once or more often. Undefined where none is left for that principal. */
  take(principal: string): (() => void) | undefined {
    const own = this.#takenOf.get(principal) ?? 0;
    if (this.#taken >= this.#most || own >= this.#ofOne) return undefined;
    this.#taken += 1;
    this.#takenOf.set(principal, own + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      this.#taken -= 1;
      const left = (this.#takenOf.get(principal) ?? 1) - 1;
      if (left > 0) this.#takenOf.set(principal, left);
      else this.#takenOf.delete(principal);
    };
  }
}
