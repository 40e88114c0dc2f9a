import { isDeepStrictEqual } from "node:util";
import { findNodeAtLocation, getNodeValue, parse, parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser";
import type { EntryFields } from "./client-application.ts";
import { positionAt, tooDeep, unreadable, type ConfigurationFormat } from "./configuration-format.ts";
import { withoutProperty, withProperty, withValue, type ObjectNode } from "./jsonc-properties.ts";

const OPTIONS = { allowTrailingComma: true, allowEmptyContent: true };

/** JSON with comments and trailing commas, which stay. */
export const jsoncFormat: ConfigurationFormat = {
  parse(text, file) {
    const errors: ParseError[] = [];
    const value = parsed(text, errors, file);
    const [first] = errors;
    if (first !== undefined) throw unreadable(file, positionAt(text, first.offset), wordsOf(first));
    if (value === undefined) return {};
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw unreadable(file, { line: 1, column: 1 }, "an object is expected");
    return value as Record<string, unknown>;
  },

  put(text, { container, name }, fields) {
    if (parseTree(text, [], OPTIONS) === undefined) {
      const empty = emptyBehind(text);
      return `${withProperty(empty, rootOf(empty), container, { [name]: fields })}\n`;
    }
    const servers = objectAt(text, [container]);
    if (servers === undefined) return withProperty(text, rootOf(text), container, { [name]: fields });
    if (objectAt(text, [container, name]) === undefined) return withProperty(text, servers, name, fields);
    // In an entry that is there each of our keys is an edit; what is not ours is left alone.
    return leavesOf(fields).reduce((before, [path, value]) => withLeaf(before, [container, name, ...path], value), text);
  },

  take(text, { container, name }) {
    const property = propertyAt(text, [container, name]);
    return property === undefined ? text : withoutProperty(text, property);
  },

  print({ container, name }, fields) {
    return `${JSON.stringify({ [container]: { [name]: fields } }, undefined, 2)}\n`;
  },
};

function parsed(text: string, errors: ParseError[], file: string): unknown {
  try {
    return parse(text, errors, OPTIONS);
  } catch (error) {
    throw error instanceof RangeError ? tooDeep(file) : error;
  }
}

/** An object behind what is no value: nothing, or comments alone, with which editors begin a file of settings. */
function emptyBehind(comments: string): string {
  const eol = comments.includes("\r\n") ? "\r\n" : "\n";
  return comments.trim() === "" ? "{}" : `${comments.trimEnd()}${eol}{}`;
}

/** Our keys with their values; each variable is one of its own, since the owner may have added others beside ours. */
function leavesOf(fields: EntryFields): [string[], unknown][] {
  return Object.entries(fields).flatMap(([key, value]): [string[], unknown][] =>
    typeof value === "string" || Array.isArray(value) ? [[[key], value]] : Object.entries(value).map(([name, each]) => [[key, name], each]),
  );
}

function withLeaf(text: string, path: readonly string[], value: unknown): string {
  const property = propertyAt(text, path);
  if (property !== undefined)
    return isDeepStrictEqual(getNodeValue(property.children![1]!), value) ? text : withValue(text, property, value);
  const [parent, key] = [path.slice(0, -1), path.at(-1)!];
  const object = objectAt(text, parent);
  return object === undefined ? withLeaf(text, parent, { [key]: value }) : withProperty(text, object, key, value);
}

/** Known to be an object: the text was parsed before. */
function rootOf(text: string): ObjectNode {
  return parseTree(text, [], OPTIONS)!;
}

function objectAt(text: string, path: readonly string[]): ObjectNode | undefined {
  const node = findNodeAtLocation(rootOf(text), [...path]);
  return node?.type === "object" ? node : undefined;
}

function propertyAt(text: string, path: readonly string[]): Node | undefined {
  return findNodeAtLocation(rootOf(text), [...path])?.parent;
}

/** `PropertyNameExpected` → "property name expected". */
function wordsOf({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replaceAll(/([A-Z])/g, " $1")
    .trim()
    .toLowerCase();
}
