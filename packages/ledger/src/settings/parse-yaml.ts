import { LineCounter, isMap, isNode, isScalar, parseDocument, visit, type Document } from "yaml";
import type { SettingProblem } from "./problems.ts";

/** How often anchors may be repeated in all. */
const MAX_ALIASES = 100;

/** The content of a settings file as plain data, and where each part stands. */
export interface ParsedYaml {
  readonly value: unknown;
  /** "file <path>:<line>" of the part at that path. */
  where(path: readonly PropertyKey[]): string;
}

/**
 * Parses YAML 1.2 that may be hostile: bounded in aliases, no duplicate keys, no tags of other languages. `path` is the file, for
 * problems; those that make it unreadable are returned.
 */
export function parseYaml(path: string, text: string): ParsedYaml | SettingProblem[] {
  const problem = (message: string, line?: number): SettingProblem => ({
    setting: "file",
    from: line === undefined ? `file ${path}` : `file ${path}:${line}`,
    message,
  });
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
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
    return { value, where: (at) => whereIn(path, document, lines, at) };
  } catch (error) {
    return [
      problem(error instanceof RangeError ? "It is nested too deeply." : "It repeats anchors too often, or an anchor contains itself."),
    ];
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
