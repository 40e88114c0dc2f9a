/**
 * `sure`: it ran well whenever this place is reached. `passed`: it was reached, and was done, was skipped or failed: it has a status,
 * but maybe no output. `maybe`: it was reached on some ways only.
 */
export type Certainty = "sure" | "passed" | "maybe";

/** Which steps have run when a place is reached, as a stack of scopes. */
export class Ran {
  readonly #outer: Ran | undefined;
  readonly #own = new Map<string, Certainty>();

  constructor(outer?: Ran) {
    this.#outer = outer;
  }

  /** A scope within: what runs in it is not known outside until it is taken over. */
  within(): Ran {
    return new Ran(this);
  }

  add(id: string, certainty: Certainty): void {
    this.#own.set(id, certainty);
  }

  of(id: string): Certainty | undefined {
    return this.#own.get(id) ?? this.#outer?.of(id);
  }

  /** Takes over what ran in a scope within. */
  take(inner: Ran, certainty: Certainty): void {
    for (const [id, how] of inner.#own) this.#own.set(id, certainty === "sure" ? how : "maybe");
  }
}
