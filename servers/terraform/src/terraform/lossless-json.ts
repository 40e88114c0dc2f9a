// JSON.parse rounds numbers above 2^53, terraform's numbers have any size. This reads them without loss.
import type { RawJson } from "./step.ts";

/** A number that JavaScript cannot hold, as it was written. */
export class RawNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  /** Keeps JSON.stringify from showing an object; for exact text use `toJsonText`. */
  toJSON(): string {
    return this.text;
  }
}

export type Json = null | boolean | number | string | RawNumber | Json[] | { [key: string]: Json };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Index just behind the string that begins at `start` (a quote). */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

const isNumberCharacter = (c: number): boolean =>
  (c >= 0x30 && c <= 0x39) || c === 0x2d || c === 0x2b || c === 0x2e || c === 0x65 || c === 0x45;

/** True where reading the literal as a double and writing it again gives the same text. */
const survives = (literal: string): boolean => (literal.length < 16 && !/[eE]/.test(literal) ? true : String(Number(literal)) === literal);

/** The text with each number that a double cannot hold replaced by {"<mark>":"<literal>"}; undefined where there is none. */
function markUnsafeNumbers(text: string, mark: string): string | undefined {
  const parts: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length;) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) {
      at = endOfString(text, at);
    } else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) {
      let end = at + 1;
      while (end < text.length && isNumberCharacter(text.charCodeAt(end))) end += 1;
      const literal = text.slice(at, end);
      if (!survives(literal)) {
        parts.push(text.slice(kept, at), `{"${mark}":"${literal}"}`);
        kept = end;
      }
      at = end;
    } else at += 1;
  }
  if (parts.length === 0) return undefined;
  parts.push(text.slice(kept));
  return parts.join("");
}

/**
 * Reads JSON; numbers that a double cannot hold become `RawNumber`. Costs one scan where there is none.
 * Throws SyntaxError on text that is not JSON.
 */
export function parseLossless(text: string): Json {
  // A key that does not occur in the text cannot be forged by it.
  let mark = "raw-number";
  while (text.includes(mark)) mark = `${mark}-${Math.random().toString(36).slice(2)}`;
  const marked = markUnsafeNumbers(text, mark);
  if (marked === undefined) return JSON.parse(text) as Json;
  JSON.parse(text); // The marked text must not accept what the original would not.
  return JSON.parse(marked, (_key, value: unknown) => {
    const literal = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[mark] : undefined;
    return typeof literal === "string" ? new RawNumber(literal) : value;
  }) as Json;
}

/** True for an object that is neither an array, nor null, nor a number kept as text. */
export function isRecord(value: unknown): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof RawNumber);
}

/** Compact JSON text with every number exact; `sortKeys` makes it canonical. */
export function toJsonText(value: Json | undefined, sortKeys = false): RawJson {
  if (value === undefined) return "null";
  if (value instanceof RawNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((item) => toJsonText(item, sortKeys)).join(",")}]`;
  if (isRecord(value)) {
    const keys = Object.keys(value);
    if (sortKeys) keys.sort();
    return `{${keys.map((key) => `${JSON.stringify(key)}:${toJsonText(value[key], sortKeys)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
