import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** How long a question may wait for its answer, in milliseconds. */
export const ASK_LIFETIME_MS = 10 * 60_000;

/** What a state vouches for: this server asked this question, about this, in this call, once, until then. */
export interface AskSubject {
  readonly tool: string;
  readonly argumentsDigest: string;
  readonly actor: string;
}

interface AskState extends AskSubject {
  readonly nonce: string;
  readonly binding: string;
  readonly expires: number;
}

/** Why a state was not believed; the words go to the tool and the audit. */
export type Verdict = { readonly ok: true; readonly binding: string } | { readonly ok: false; readonly why: string };

/**
 * Mints and checks the state that travels with a question through the client: base64url(JSON) "." base64url(HMAC-SHA256).
 * The client is not trusted with any of it. A state is believed once, for the call it was minted in, until it expires.
 */
export class AskStates {
  readonly #key: Buffer;
  readonly #now: () => number;
  readonly #burnt = new Map<string, number>();

  constructor(key: Buffer, now: () => number = Date.now) {
    this.#key = key;
    this.#now = now;
  }

  /** A state for one question about `binding`, asked in the call that `subject` describes. */
  mint(subject: AskSubject, binding: string): string {
    const state: AskState = { ...subject, binding, nonce: randomBytes(16).toString("base64url"), expires: this.#now() + ASK_LIFETIME_MS };
    const body = Buffer.from(JSON.stringify(state)).toString("base64url");
    return `${body}.${this.#mac(body)}`;
  }

  /** Checks a state and burns it, synchronously, so that of answers that race only one is believed. */
  present(state: unknown, subject: AskSubject): Verdict {
    if (typeof state !== "string" || state.length > 8192) return refused("it answers no question of this server (no state)");
    const [body = "", mac = "", ...rest] = state.split(".");
    if (rest.length > 0 || !this.#macMatches(body, mac)) return refused("its state is forged, altered, or from before a restart");
    const minted = JSON.parse(Buffer.from(body, "base64url").toString()) as AskState;
    const now = this.#now();
    this.#forget(now);
    if (now > minted.expires) return refused("it came after the question had expired");
    if (this.#burnt.has(minted.nonce)) return refused("the question was answered before");
    // Burnt even if it then turns out to be for another call: a state that was tried elsewhere is spent.
    this.#burnt.set(minted.nonce, minted.expires);
    if (minted.tool !== subject.tool) return refused("it answers a question of another tool");
    if (minted.argumentsDigest !== subject.argumentsDigest) return refused("the arguments differ from those of the question");
    if (minted.actor !== subject.actor) return refused("it answers a question to another client");
    return { ok: true, binding: minted.binding };
  }

  #mac(body: string): string {
    return createHmac("sha256", this.#key).update(body).digest("base64url");
  }

  #macMatches(body: string, mac: string): boolean {
    const expected = Buffer.from(this.#mac(body));
    const given = Buffer.from(mac);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }

  #forget(now: number): void {
    for (const [nonce, expires] of this.#burnt) if (expires < now) this.#burnt.delete(nonce);
  }
}

const refused = (why: string): Verdict => ({ ok: false, why });

/** Digest of the arguments of a call, independent of the order of keys. */
export function digestArguments(args: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(args)) ?? "")
    .digest("hex");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  // Wrapped, so that an object never looks like the array of its entries.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return { entries: entries.map(([key, inner]) => [key, sorted(inner)]) };
}
