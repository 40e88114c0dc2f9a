import { isAlias, isMap, isPair, isScalar, isSeq, parseDocument, type Document, type Node, type Pair, type Scalar } from "yaml";
import { MAX_ALIASES, MAX_DEPTH } from "./limits.ts";

export type Path = readonly (string | number)[];

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface PlaceOptions {
  readonly key?: boolean;
  /** A part of the text at the path, and an offset in that part. */
  readonly within?: { readonly text: string; readonly offset: number };
}

/** A YAML text that was read: its value as plain JSON, and where each part of it stands. */
export interface YamlText {
  readonly value: unknown;
  /** Where a value stands; the nearest that exists around it where it does not. `key: true` gives the place of its key. */
  place(path: Path, options?: PlaceOptions): Place;
}

/** What keeps a text from being read. */
export interface YamlFailure extends Place {
  readonly message: string;
}

/** Reads a YAML 1.2 text (JSON is one). Anchors may be used, within bounds; tags of other types, merge keys and `.nan` may not. */
export function readYaml(text: string): YamlText | { readonly failures: readonly YamlFailure[] } {
  const starts = lineStarts(text);
  try {
    const document = parseDocument(text, { prettyErrors: false, schema: "core", uniqueKeys: true, stringKeys: true });
    const failures = [...document.errors, ...document.warnings].map((failure) => {
      return { message: /call stack/.test(failure.message) ? TOO_DEEP : failure.message, ...placeAt(starts, failure.pos[0]) };
    });
    if (failures.length > 0) return { failures };
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    const deep = notJson(value, 0);
    if (deep !== undefined) return { failures: [{ message: deep, line: 1, column: 1 }] };
    return { value, place: (path, options) => placeOf(document, starts, text, path, options ?? {}) };
  } catch (error) {
    const message = error instanceof RangeError ? TOO_DEEP : error instanceof Error ? error.message : String(error);
    return { failures: [{ message, line: 1, column: 1 }] };
  }
}

/** Where it is too deep even for the parser, which says so of its own stack. */
const TOO_DEEP = "The text is nested too deeply.";

function notJson(value: unknown, depth: number): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return "A number is not finite.";
  if (value === undefined || typeof value === "bigint") return "A value is none that JSON has.";
  if (value === null || typeof value !== "object") return undefined;
  if (depth > MAX_DEPTH) return `The text is nested over ${MAX_DEPTH} levels.`;
  for (const part of Array.isArray(value) ? (value as unknown[]) : Object.values(value)) {
    const found = notJson(part, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function placeOf(document: Document, starts: readonly number[], text: string, path: Path, options: PlaceOptions): Place {
  let node: unknown = document.contents;
  let start = rangeStart(node);
  for (const [index, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    const pair = isMap(node) ? (node.items as Pair<unknown, unknown>[]).find((item) => keyOf(item) === String(step)) : undefined;
    const next: unknown = isSeq(node) && typeof step === "number" ? node.items[step] : pair?.value;
    if (next === undefined && pair === undefined) break;
    const last = index === path.length - 1;
    node = next;
    start =
      (last && options.key === true && pair !== undefined ? rangeStart(pair.key) : undefined) ??
      rangeStart(next) ??
      rangeStart(pair?.key) ??
      start;
  }
  const inside = options.within !== undefined && isScalar(node) ? offsetInScalar(node, text, options.within) : 0;
  return placeAt(starts, (start ?? 0) + inside);
}

/** Offsets at which lines begin. The library's own count loses lines in texts that are no YAML. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

function placeAt(starts: readonly number[], offset: number): Place {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
}

/** How far from its beginning in the text a part of a scalar stands; 0 where escapes or folding leave no simple answer. */
function offsetInScalar(node: Scalar, text: string, within: { readonly text: string; readonly offset: number }): number {
  const [start, end] = node.range ?? [0, 0];
  const written = text.slice(start, end);
  const whole = written.indexOf(within.text);
  if (whole >= 0) return whole + within.offset;
  // Quoted or over several lines: the words from there to the end of their line may still be found.
  const words = within.text.slice(within.offset, within.offset + 30).split(/["'\\\n]/u, 1)[0] ?? "";
  return words.length < 3 ? 0 : Math.max(0, written.indexOf(words));
}

function keyOf(pair: unknown): string | undefined {
  if (!isPair(pair)) return undefined;
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}

function rangeStart(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
