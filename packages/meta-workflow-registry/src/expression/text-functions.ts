import { canonicalJson, sha256Hex } from "./canonical-json.ts";
import type { FunctionTable } from "./function-table.ts";
import { checkLength, spend } from "./meter.ts";
import { globMatch, regexFind, regexFindAll, regexMatch, regexReplace } from "./regex.ts";
import { toExpressionValue, toJson } from "./values.ts";

const MAX_NEEDLE = 2_000;

/** Searching costs at most one look per character of both. */
function needle(text: string, sought: string): void {
  if (sought.length > MAX_NEEDLE && text.length > MAX_NEEDLE) throw new Error(`a text to look for has at most ${MAX_NEEDLE} characters`);
  spend(1 + (text.length * Math.min(sought.length, 64)) / 4_096);
}

/** Looks for a text in a text, within bounds. */
export function containsText(text: string, sought: string): boolean {
  needle(text, sought);
  return text.includes(sought);
}

/** Where a text first stands in a text, from a place on; -1 where it does not. */
export function indexOfText(text: string, sought: string, from = 0n): bigint {
  needle(text, sought);
  return BigInt(text.indexOf(sought, Number(from)));
}

/** Where a text last stands in a text, up to a place; -1 where it does not. */
export function lastIndexOfText(text: string, sought: string, from?: bigint): bigint {
  needle(text, sought);
  return BigInt(from === undefined ? text.lastIndexOf(sought) : text.lastIndexOf(sought, Number(from)));
}

/** Parts of a text; with `limit` the last part holds the rest. */
export function splitText(text: string, separator: string, limit?: bigint): string[] {
  needle(text, separator);
  const parts = text.split(separator);
  spend(parts.length);
  const most = limit === undefined ? -1 : Number(limit);
  if (most === 0) return [];
  if (most < 0 || parts.length <= most) return parts;
  return [...parts.slice(0, most - 1), parts.slice(most - 1).join(separator)];
}

/** One text of many; numbers and booleans are written as JSON has them. */
export function joinTexts(items: readonly unknown[], separator = ""): string {
  let length = 0;
  const parts: string[] = [];
  for (const item of items) {
    const part = textOf(item);
    length += part.length + separator.length;
    checkLength(length);
    parts.push(part);
  }
  spend(parts.length);
  return parts.join(separator);
}

/** A value as text: texts as they are, all else as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  const json = toJson(value);
  return typeof json === "string" ? json : canonicalJson(json);
}

function replaceText(text: string, from: string, by: string): string {
  if (from === "") throw new Error("replace: the text to replace is empty");
  return joinTexts(splitText(text, from), by);
}

function parseJson(text: string): unknown {
  spend(1 + text.length / 16);
  try {
    return toExpressionValue(JSON.parse(text));
  } catch (error) {
    throw new Error(`parse_json: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64Encode(value: string | Uint8Array): string {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const [first = 0, second, third] = [bytes[index], bytes[index + 1], bytes[index + 2]];
    const bits = (first << 16) | ((second ?? 0) << 8) | (third ?? 0);
    const character = (shift: number): string => ALPHABET.charAt((bits >> shift) & 63);
    text += character(18) + character(12) + (second === undefined ? "=" : character(6)) + (third === undefined ? "=" : character(0));
  }
  return text;
}

function base64Decode(text: string): string {
  const clean = text
    .replaceAll(/\s/gu, "")
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/={0,2}$/u, "");
  if (!/^[A-Za-z0-9+/]*$/u.test(clean) || clean.length % 4 === 1) throw new Error("base64_decode: the text is not base64");
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const character of clean) {
    bits = (bits << 6) | ALPHABET.indexOf(character);
    held += 6;
    if (held >= 8) bytes.push((bits >> (held -= 8)) & 255);
    bits &= 0xffff;
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(bytes));
}

/** Functions over texts; all of them linear in time. */
export const TEXT_FUNCTIONS: FunctionTable = {
  "regex_match(string, string): bool": [regexMatch, "The RE2 pattern matches somewhere in the text."],
  "regex_find(string, string): dyn": [regexFind, "First match of the RE2 pattern (its first group where it has one), or null."],
  "regex_find_all(string, string): list<dyn>": [regexFindAll, "All matches of the RE2 pattern."],
  "regex_replace(string, string, string): string": [regexReplace, "The text with all matches replaced; `$1` is the first group."],
  "glob(string, string): bool": [globMatch, "The whole text fits the glob: `*` any characters, `?` one."],
  "starts_with(string, string): bool": [(text: string, start: string) => text.startsWith(start), "The text begins with the other."],
  "ends_with(string, string): bool": [(text: string, end: string) => text.endsWith(end), "The text ends with the other."],
  "contains(string, string): bool": [containsText, "The text contains the other."],
  "split(string, string): list<string>": [splitText, "Parts of the text between separators."],
  "join(list, string): string": [joinTexts, "One text of the list's items with a separator between them."],
  "replace(string, string, string): string": [replaceText, "The text with all places of the second replaced by the third."],
  "lower(string): string": [(text: string) => text.toLowerCase(), "In lower case."],
  "upper(string): string": [(text: string) => text.toUpperCase(), "In upper case."],
  "trim(string): string": [(text: string) => text.trim(), "Without white space at both ends."],
  "lines(string): list<string>": [(text: string) => splitText(text.replaceAll("\r\n", "\n"), "\n"), "Lines of the text."],
  "text(dyn): string": [textOf, "Texts as they are, all else as JSON."],
  "parse_json(string): dyn": [parseJson, "The value that a JSON text holds."],
  "to_json(dyn): string": [(value: unknown) => canonicalJson(toJson(value)), "The value as JSON with sorted keys."],
  "hash(dyn): string": [(value: unknown) => sha256Hex(textOf(value)), "SHA-256 in hex of the text, or of the value's JSON."],
  "base64_encode(string): string": [base64Encode, "Base64 of the text's UTF-8 bytes."],
  "base64_encode(bytes): string": [base64Encode, "Base64 of the bytes."],
  "base64_decode(string): string": [base64Decode, "The UTF-8 text of base64."],
};
