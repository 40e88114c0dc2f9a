import { MAX_ITEMS, MAX_REGEX_WORK, MAX_TEXT, MAX_WORK } from "./limits.ts";

// What one evaluation may spend. The language has no loops of its own, but macros over lists nest, and texts and lists can be
// doubled: so every call, every turn of a macro and every comparison reports here (metered-source.ts puts the calls in).

/** Thrown once an evaluation is over its bounds; the same instance each time, because macros may swallow and go on. */
class MeterExhausted extends Error {}

interface Meter {
  work: number;
  regexWork: number;
  readonly now: number | undefined;
  /** Values in a container, all levels; shared parts count each time they appear. */
  readonly sizes: Map<object, number>;
  exhausted: MeterExhausted | undefined;
}

let meter: Meter | undefined;

function running(): Meter {
  if (meter === undefined) throw new Error("No evaluation is running.");
  return meter;
}

/** Runs one evaluation under fresh bounds. An overrun is thrown even where the expression's logic swallowed it. */
export function metered<T>(now: number | undefined, work: () => T): T {
  const outer = meter;
  const mine: Meter = { work: MAX_WORK, regexWork: MAX_REGEX_WORK, now, sizes: new Map(), exhausted: undefined };
  meter = mine;
  try {
    const value = work();
    if (mine.exhausted !== undefined) throw mine.exhausted;
    return value;
  } catch (error) {
    throw mine.exhausted ?? error;
  } finally {
    meter = outer;
  }
}

/** True for the error of an evaluation that was over its bounds. */
export function isMeterExhausted(error: unknown): error is Error {
  return error instanceof MeterExhausted;
}

function exhaust(message: string): never {
  const mine = running();
  mine.exhausted ??= new MeterExhausted(message);
  throw mine.exhausted;
}

/** Milliseconds since 1970, as the scope gave it. */
export function currentTime(): number | undefined {
  return running().now;
}

/** Takes units of work. */
export function spend(units: number): void {
  const mine = running();
  if (mine.exhausted !== undefined) throw mine.exhausted;
  mine.work -= units;
  if (mine.work < 0) exhaust("The expression does too much work. Filter or shorten the lists that it goes through.");
}

/** Takes the work of a regular expression: characters to look at, times a weight by the pattern's size. */
export function spendOnRegex(characters: number, programSize: number): void {
  const mine = running();
  spend(1);
  mine.regexWork -= characters * Math.max(1, programSize / 20);
  if (mine.regexWork < 0) exhaust("The regular expressions look at too much text. Cut the text before, or make the pattern smaller.");
}

/** Refuses a text that is too long before it is made. */
export function checkLength(length: number): void {
  if (length > MAX_TEXT) exhaust(`A text over ${MAX_TEXT} characters came up. Cut it before.`);
}

/** Passes a value that an expression made, if it is not too large. */
export function measured(value: unknown): unknown {
  spend(1);
  if (typeof value === "string") checkLength(value.length);
  else if (typeof value === "object" && value !== null && sizeOf(value, running().sizes, 0) > MAX_ITEMS) {
    exhaust(`A list or map with over ${MAX_ITEMS} values came up. Filter or shorten it before.`);
  }
  return value;
}

/** Passes a value, and takes the work of looking at all of it. */
export function charged(value: unknown): unknown {
  measured(value);
  if (typeof value === "string") spend(1 + value.length / 64);
  else if (typeof value === "object" && value !== null) spend(1 + sizeOf(value, running().sizes, 0));
  return value;
}

function sizeOf(value: object, sizes: Map<object, number>, depth: number): number {
  const known = sizes.get(value);
  if (known !== undefined) return known;
  if (depth > 200) return MAX_ITEMS + 1;
  let size = 1;
  for (const part of partsOf(value)) {
    size += typeof part === "object" && part !== null ? sizeOf(part, sizes, depth + 1) : 1;
    if (size > MAX_ITEMS) break;
  }
  sizes.set(value, size);
  return size;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return value.values();
  return Object.getPrototypeOf(value) === Object.prototype ? Object.values(value) : [];
}
