import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from "node:fs";
import { LineCounter, isMap, isNode, isScalar, parseDocument, visit, type Document } from "yaml";
import { errno } from "../durable-file.ts";
import type { SettingProblem } from "./problems.ts";

/** Bounds of a settings file: bytes, and how often anchors may be repeated in all. */
const MAX_BYTES = 1024 * 1024;
const MAX_ALIASES = 100;

/** A settings file that was read: its content as plain data, and where each part stands. */
export interface YamlFile {
  readonly path: string;
  readonly stat: Stats;
  readonly value: unknown;
  /** "file <path>:<line>" of the part at that path. */
  where(path: readonly PropertyKey[]): string;
}

/**
 * Reads a YAML 1.2 file that may be hostile: bounded in size and aliases, no duplicate keys, no tags of other languages.
 * @returns undefined when there is no such file; or the problems that make it unreadable.
 */
export function readYamlFile(path: string): YamlFile | SettingProblem[] | undefined {
  const problem = (message: string, line?: number): SettingProblem => ({
    setting: "file",
    from: line === undefined ? `file ${path}` : `file ${path}:${line}`,
    message,
  });
  let source: { text: string; stat: Stats } | string | undefined;
  try {
    source = readBounded(path);
  } catch (error) {
    return [problem(`It cannot be read (${errno(error) ?? "not UTF-8 text"}).`)];
  }
  if (source === undefined) return undefined;
  if (typeof source === "string") return [problem(source)];
  const lines = new LineCounter();
  try {
    const document = parseDocument(source.text, {
      lineCounter: lines,
      uniqueKeys: false,
      version: "1.2",
      schema: "core",
      merge: false,
      stringKeys: true,
    });
    const faults = [...document.errors, ...document.warnings].map((fault) =>
      problem(firstLine(fault.message), lines.linePos(fault.pos[0]).line),
    );
    if (faults.length > 0) return faults.slice(0, 20);
    const doubles = duplicateKeys(document, lines).map(({ key, line }) => problem(`The key ${JSON.stringify(key)} stands twice.`, line));
    if (doubles.length > 0) return doubles.slice(0, 20);
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    // Throws for a value that contains itself; nothing after this can then run for ever.
    JSON.stringify(value);
    return { path, stat: source.stat, value, where: (at) => whereIn(path, document, lines, at) };
  } catch (error) {
    return [
      problem(error instanceof RangeError ? "It is nested too deeply." : "It repeats anchors too often, or an anchor contains itself."),
    ];
  }
}

function readBounded(path: string): { text: string; stat: Stats } | string | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (errno(error) === "ENOENT" || errno(error) === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) return "It is not a plain file.";
    if (stat.size > MAX_BYTES) return `It has ${stat.size} bytes; the bound is ${MAX_BYTES}.`;
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(fd)), stat };
  } finally {
    closeSync(fd);
  }
}

/** The parser's own check compares every key with every other one; a large hostile map would take minutes. */
function duplicateKeys(document: Document, lines: LineCounter): { key: string; line: number }[] {
  const found: { key: string; line: number }[] = [];
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) found.push({ key: name, line: lines.linePos(key.range?.[0] ?? 0).line });
        seen.add(name);
      }
    },
  });
  return found;
}

function whereIn(path: string, document: Document, lines: LineCounter, at: readonly PropertyKey[]): string {
  for (let length = at.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(at.slice(0, length - 1), true);
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === at[length - 1]) : undefined;
    const node = pair?.key ?? document.getIn(at.slice(0, length), true);
    if (isNode(node) && node.range) return `file ${path}:${lines.linePos(node.range[0]).line}`;
  }
  return `file ${path}`;
}

function firstLine(message: string): string {
  if (message.startsWith("Maximum call stack")) return "It is nested too deeply.";
  return message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, ".");
}
