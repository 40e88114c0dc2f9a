import type { Node } from "jsonc-parser";

/** An object of a JSON text with comments, as `parseTree` of jsonc-parser finds it. */
export type ObjectNode = Node;

/**
 * The text with one more property at the end of an object. A comment after the last property stays behind it, and neighbours
 * stay as they are written, which the parser's own `modify` does not do.
 */
export function withProperty(text: string, object: ObjectNode, key: string, value: unknown): string {
  const style = styleOf(text);
  const last = object.children?.at(-1);
  const from = last === undefined ? object.offset + 1 : last.offset + last.length;
  const close = object.offset + object.length - 1;
  const between = text.slice(from, close);
  const comma = commaIn(between);
  const outer = indentOfLine(text, object.offset);
  const inner = last !== undefined && isFirstOfLine(text, last.offset) ? indentOfLine(text, last.offset) : `${outer}${style.unit}`;
  const separator = last === undefined || comma !== undefined ? "" : ",";
  const property = `${inner}${JSON.stringify(key)}: ${valueText(value, inner, style)}${comma === undefined ? "" : ","}`;
  return `${text.slice(0, from)}${separator}${between.trimEnd()}${style.eol}${property}${style.eol}${outer}${text.slice(close)}`;
}

/** The text with another value in a property's place. */
export function withValue(text: string, property: Node, value: unknown): string {
  const there = property.children?.[1];
  if (there === undefined) return text;
  const written = valueText(value, indentOfLine(text, property.offset), styleOf(text));
  return `${text.slice(0, there.offset)}${written}${text.slice(there.offset + there.length)}`;
}

/** The text without a property, its comma, and the lines that it had for itself. */
export function withoutProperty(text: string, property: Node): string {
  const siblings = property.parent?.children ?? [];
  const before = siblings[siblings.indexOf(property) - 1];
  let [start, end] = [property.offset, property.offset + property.length];
  const after = commaIn(text.slice(end, endOfObject(property)));
  let kept = text;
  if (after !== undefined) end += after + 1;
  else if (before !== undefined) {
    // The last one, without a comma of its own: the one before it must lose its comma.
    const from = before.offset + before.length;
    const comma = commaIn(text.slice(from, start));
    if (comma !== undefined) {
      kept = `${text.slice(0, from + comma)}${text.slice(from + comma + 1)}`;
      [start, end] = [start - 1, end - 1];
    }
  }
  const lineStart = kept.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = /^[ \t]*(?:\r?\n|$)/.exec(kept.slice(end));
  const isAlone = kept.slice(lineStart, start).trim() === "" && lineEnd !== null;
  return isAlone ? `${kept.slice(0, lineStart)}${kept.slice(end + lineEnd[0].length)}` : `${kept.slice(0, start)}${kept.slice(end)}`;
}

interface Style {
  /** One step of indentation. */
  readonly unit: string;
  readonly eol: string;
}

/** Indented as the file is. */
function styleOf(text: string): Style {
  const unit = /^([ \t]+)["{[]/m.exec(text)?.[1] ?? "  ";
  return { unit: unit.startsWith("\t") ? "\t" : unit, eol: text.includes("\r\n") ? "\r\n" : "\n" };
}

function valueText(value: unknown, indent: string, { unit, eol }: Style): string {
  return JSON.stringify(value, undefined, unit).replaceAll("\n", `${eol}${indent}`);
}

/** Where a comma comes after nothing but space and comments. */
function commaIn(trivia: string): number | undefined {
  const { length } = /^(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/.exec(trivia)![0];
  return trivia[length] === "," ? length : undefined;
}

function endOfObject({ parent, offset, length }: Node): number {
  return parent === undefined ? offset + length : parent.offset + parent.length - 1;
}

function indentOfLine(text: string, offset: number): string {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  return /^[ \t]*/.exec(line)![0];
}

function isFirstOfLine(text: string, offset: number): boolean {
  return text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).trim() === "";
}
