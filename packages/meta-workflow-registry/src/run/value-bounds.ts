import type { Json } from "../definition/definition.ts";
import { StepFailure } from "./completion.ts";

// A run is carried on, and tells its end, in one message, of which Temporal takes 2 MiB. A definition that multiplies what it has
// must fail at the step that does it: a run that cannot send what it keeps would stand still for ever.

/** Of one value that a definition makes, as JSON in UTF-8. */
export const MAX_VALUE_BYTES = 1_000_000;
/** Of what one call, one action or one request to a person is given. */
export const MAX_GIVEN_BYTES = 256 * 1024;
/** Of all that a run keeps of its steps, unless its keeper has less room. */
export const MAX_KEPT_BYTES = 1_000_000;
/** Always kept, up to a tenth more than `MAX_KEPT_BYTES`: a summary, a path, a yes. */
export const ALWAYS_KEPT_BYTES = 2_000;
/** Characters of a line of the timeline, and of a title. */
export const MAX_LINE = 1_000;

/** A key, a time, a status: what surrounds a value in the journal. */
const AROUND = 100;
/** So many changes at least between two counts of everything. */
const CHANGES = 100;
const PLAIN = /^[\u0020\u0021\u0023-\u005b\u005d-\u007f]*$/;

/**
 * Bytes of a value as JSON in UTF-8; stops counting where they are over `most`. Texts that stand in a value many times take their
 * place in memory once, and that of all of them when it is written: so nothing is written in order to count it.
 */
export function jsonBytes(value: unknown, most: number): number {
  if (value === undefined) return 0;
  if (typeof value === "string") return textBytes(value, most);
  if (typeof value !== "object" || value === null) return String(value).length;
  let bytes = 2;
  if (Array.isArray(value)) {
    for (const item of value) if ((bytes += 1 + jsonBytes(item, most - bytes)) > most) return bytes;
    return bytes;
  }
  for (const [key, item] of Object.entries(value))
    if ((bytes += textBytes(key, most) + 2 + jsonBytes(item, most - bytes)) > most) return bytes;
  return bytes;
}

function textBytes(text: string, most: number): number {
  if (text.length > most || PLAIN.test(text)) return text.length + 2;
  let bytes = 2 + text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code < 0x20) bytes += 5;
    else if (code === 0x22 || code === 0x5c) bytes += 1;
    else if (code > 0x7ff) bytes += 2;
    else if (code > 0x7f) bytes += 1;
  }
  return bytes;
}

/** Words that may be of any length, cut. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/**
 * The same value, where it is not too large.
 *
 * @throws StepFailure too_large
 */
export function bounded<T>(value: T, what: string, path: string, most: number = MAX_VALUE_BYTES): T {
  if (typeof value === "string" && value.length * 6 + 2 <= most) return value;
  const bytes = jsonBytes(value, most);
  if (bytes > most) throw tooLarge(`${what} at ${path === "" ? "the start" : path} takes over ${most} bytes, which is the limit.`);
  return value;
}

/**
 * Counts what a journal keeps. What comes and goes is added and taken away; where it seems to be too much, all is counted anew,
 * but not each time: in a run that is full, every step would count everything.
 */
export class KeptBytes {
  readonly #most: number;
  readonly #measure: () => number;
  #kept: number | undefined;
  #changes = 0;

  /** @param measure counts all that is kept */
  constructor(most: number, measure: () => number) {
    this.#most = most;
    this.#measure = measure;
  }

  /**
   * Before a value is kept.
   *
   * @param freed bytes that are taken away when it is kept
   * @throws StepFailure too_large
   */
  check(value: Json | undefined, what: string, path: string, freed: () => number = () => 0): void {
    const bytes = jsonBytes(value, MAX_VALUE_BYTES) + path.length + AROUND;
    const most = bytes <= ALWAYS_KEPT_BYTES ? this.#most * 1.1 : this.#most;
    if (this.#fits(bytes, most) || this.#fits(bytes, most + freed())) return;
    const size = bytes > MAX_VALUE_BYTES ? `over ${MAX_VALUE_BYTES}` : String(bytes);
    throw tooLarge(
      `${what} at ${path === "" ? "the start" : path} takes ${size} bytes; the run may keep ${this.#most} bytes, and keeps ${this.#kept} already.`,
    );
  }

  /** It is kept now, with its path. */
  add(value: unknown, path: string): void {
    this.#change(value, path, 1);
  }

  /** It is kept no more. */
  take(value: unknown, path: string): void {
    if (value !== undefined) this.#change(value, path, -1);
  }

  /** Only the least is kept from now on: words of failures are cut short. */
  get isFull(): boolean {
    return !this.#fits(ALWAYS_KEPT_BYTES, this.#most);
  }

  #change(value: unknown, path: string, sign: 1 | -1): void {
    if (this.#kept === undefined) return;
    this.#changes += 1;
    this.#kept += sign * (jsonBytes(value, MAX_VALUE_BYTES) + path.length + AROUND);
  }

  #fits(bytes: number, most: number): boolean {
    this.#kept ??= this.#measure();
    if (this.#kept + bytes <= most) return true;
    if (this.#changes < CHANGES) return false;
    this.#changes = 0;
    this.#kept = this.#measure();
    return this.#kept + bytes <= most;
  }
}

function tooLarge(message: string): StepFailure {
  return new StepFailure("too_large", `${message} Keep it in a file, and pass its path on.`);
}
