import { isAlias, isMap, isScalar, isSeq, type LineCounter, type Node, type Pair, type YAMLMap } from "yaml";
import { memberPath, type ParsedText, type Position, type Problem } from "./infra-config.ts";

/** Bounds of a configuration after its aliases are followed; far above any honest file. */
export const MAX_VALUES = 50_000;
export const MAX_DEPTH = 40;

class Stop extends Error {}

/**
 * A YAML syntax tree → plain data with positions. Written out, rather than the library's own conversion, because a
 * configuration is hostile input: aliases are followed within a budget, loops and odd keys are refused by name, and
 * integers that a JavaScript number cannot hold are refused instead of rounded.
 */
export function readYamlTree(root: Node | null, lines: LineCounter): { parsed: ParsedText; problems: Problem[] } {
  const reader = new TreeReader(lines);
  let value: unknown = null;
  try {
    value = root === null ? null : reader.read(root, "", 0);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  const { positions, problems } = reader;
  return { parsed: { value, positionOf: (path, part = "value") => positions.get(`${part}:${path}`) }, problems };
}

class TreeReader {
  readonly positions = new Map<string, Position>();
  readonly problems: Problem[] = [];
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<Node>();
  private readonly lines: LineCounter;
  private values = 0;
  private inAlias = 0;

  constructor(lines: LineCounter) {
    this.lines = lines;
  }

  read(node: Node, path: string, depth: number): unknown {
    this.mark("value", path, node);
    if (++this.values > MAX_VALUES) this.stop(`the file expands to more than ${MAX_VALUES} values (aliases that multiply)`, path, node);
    if (depth > MAX_DEPTH) this.stop(`nested more than ${MAX_DEPTH} levels deep`, path, node);
    if (isAlias(node)) return this.readAlias(node, path, depth);
    if (!this.inAlias && "anchor" in node && node.anchor !== undefined) this.anchors.set(node.anchor, node);
    if (isScalar(node)) return this.readScalar(node.value, path, node);
    if (this.open.has(node)) this.stop("an anchor contains an alias of itself (endless loop)", path, node);
    this.open.add(node);
    try {
      if (isSeq(node))
        return node.items.map((item, index) => (item === null ? null : this.read(item as Node, memberPath(path, index), depth + 1)));
      if (isMap(node)) return this.readMap(node, path, depth);
    } finally {
      this.open.delete(node);
    }
    return this.stop("a value of a kind that configurations do not have", path, node);
  }

  private readAlias(node: Node & { source: string }, path: string, depth: number): unknown {
    const target = this.anchors.get(node.source);
    if (target === undefined) {
      this.report("an alias (*name) whose anchor (&name) is not defined before it", path, node);
      return null;
    }
    this.inAlias++;
    try {
      return this.read(target, path, depth + 1);
    } finally {
      this.inAlias--;
    }
  }

  private readScalar(value: unknown, path: string, node: Node): unknown {
    if (typeof value === "bigint") {
      const number = Number(value);
      if (Number.isSafeInteger(number)) return number;
      this.report("an integer too large to be kept exactly; write it as text in quotes", path, node);
      return 0;
    }
    if (typeof value === "number" && !Number.isFinite(value)) {
      this.report("a number that JSON cannot hold", path, node);
      return 0;
    }
    if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
    this.report("a value of a kind that configurations do not have", path, node);
    return null;
  }

  private readMap(map: YAMLMap, path: string, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const merged: Record<string, unknown>[] = [];
    // Not left to the library, whose own check takes a time that grows with the square of the number of keys.
    const seen = new Set<string>();
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = isScalar(pair.key) ? pair.key.value : undefined;
      if (key === undefined || typeof key === "object") {
        this.report("a mapping key must be plain text", path, pair.key ?? map);
        continue;
      }
      const name = String(key);
      const member = memberPath(path, name);
      this.mark("key", member, pair.key);
      if (name === "__proto__") {
        this.report("the key '__proto__' is not accepted", member, pair.key);
        continue;
      }
      if (seen.has(name)) {
        this.report("the same key is written twice", member, pair.key);
        continue;
      }
      seen.add(name);
      const value = pair.value === null ? null : this.read(pair.value, name === "<<" ? path : member, depth + 1);
      if (name === "<<") merged.push(...this.mergeSources(value, path, pair.key));
      else result[name] = value;
    }
    // The merge key: what is written in the mapping wins, and an earlier source over a later one.
    for (const source of merged) for (const [key, value] of Object.entries(source)) if (!Object.hasOwn(result, key)) result[key] = value;
    return result;
  }

  private mergeSources(value: unknown, path: string, node: Node): Record<string, unknown>[] {
    const sources = Array.isArray(value) ? value : [value];
    const maps = sources.filter(
      (source): source is Record<string, unknown> => typeof source === "object" && source !== null && !Array.isArray(source),
    );
    if (maps.length !== sources.length) this.report("the merge key '<<' takes a mapping or a list of mappings", path, node);
    return maps;
  }

  private mark(part: "key" | "value", path: string, node: Node): void {
    const position = this.place(node);
    if (position !== undefined && !this.positions.has(`${part}:${path}`)) this.positions.set(`${part}:${path}`, position);
  }

  private place(node: Node): Position | undefined {
    if (!node.range) return undefined;
    const { line, col } = this.lines.linePos(node.range[0]);
    return { line, column: col };
  }

  private report(message: string, path: string, node: Node): void {
    this.problems.push({ message, path, ...this.place(node) });
  }

  private stop(message: string, path: string, node: Node): never {
    this.report(message, path, node);
    throw new Stop();
  }
}
