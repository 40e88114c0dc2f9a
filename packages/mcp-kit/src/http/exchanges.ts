import type { Access } from "./access.ts";

/** One request, until it is answered. */
export interface Exchange {
  /** Aborted when nobody may have the answer, or waits for it, any more. */
  readonly abort: AbortController;
  /** Whether whoever asked was admitted then, and is no longer. */
  readonly isLost: boolean;
  end(): void;
}

/** The requests that are being answered, streams that wait for changes among them, by who asked. */
export class Exchanges {
  readonly #open = new Map<Exchange, { readonly access: Access; lose(): void }>();

  /** Begins one. */
  begin(access: Access): Exchange {
    const abort = new AbortController();
    let isLost = false;
    const exchange: Exchange = {
      abort,
      get isLost() {
        return isLost;
      },
      end: () => void this.#open.delete(exchange),
    };
    const lose = (): void => {
      isLost = true;
      abort.abort();
    };
    this.#open.set(exchange, { access, lose });
    return exchange;
  }

  /** Ends those whose token is no longer taken. */
  sweep(isAdmitted: (access: Access) => boolean): void {
    const verdicts = new Map<string, boolean>();
    for (const { access, lose } of this.#open.values()) {
      const verdict = verdicts.get(access.id) ?? isAdmitted(access);
      verdicts.set(access.id, verdict);
      if (!verdict) lose();
    }
  }
}
