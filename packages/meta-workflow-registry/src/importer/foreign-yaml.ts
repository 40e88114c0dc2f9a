import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type YAMLMap } from "yaml";
import type { Path, Place } from "../definition/yaml-text.ts";

const MOST_CHARACTERS = 256 * 1024;
const MOST_NODES = 60_000;
const DEEPEST = 64;
const PROMPT_TYPES = new Set(["info", "confirm", "text", "choice"]);

/** Why a text cannot be read. */
export interface Unread extends Place {
  readonly message: string;
}

/** A YAML text of another tool. As in ours, but that a prompt may bear `type` twice: its second is `prompt_type` here. */
export interface ForeignYaml {
  readonly value: unknown;
  /** Paths at which a second `type` became `prompt_type`. */
  readonly clashes: readonly Path[];
  place(path: Path): Place;
}

/** Reads a YAML text within bounds. */
export function readForeignYaml(text: string): ForeignYaml | { readonly unread: readonly Unread[] } {
  if (text.length > MOST_CHARACTERS)
    return { unread: [{ message: `The text has over ${MOST_CHARACTERS} characters.`, line: 1, column: 1 }] };
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, schema: "core", uniqueKeys: false });
    const failures = [...document.errors, ...document.warnings];
    if (failures.length > 0) return { unread: failures.slice(0, 20).map(({ message, pos }) => ({ message, ...placeAt(pos[0]) })) };
    const reader = new Reader(document);
    const value = reader.read(document.contents, [], 0);
    const place = (path: Path): Place => placeAt(reader.offset(path));
    return { value, clashes: reader.clashes, place };
  } catch (error) {
    if (error instanceof Failure) return { unread: [{ message: error.message, ...placeAt(error.offset) }] };
    const message = error instanceof RangeError ? "The text is nested too deeply." : "The text cannot be read.";
    return { unread: [{ message, line: 1, column: 1 }] };
  }
}

class Failure extends Error {
  readonly offset: number;
  constructor(message: string, node: unknown) {
    super(message);
    this.offset = (node as Node | null)?.range?.[0] ?? 0;
  }
}

class Reader {
  readonly clashes: Path[] = [];
  readonly #document: Document;
  readonly #offsets = new Map<string, number>();
  #nodes = 0;

  constructor(document: Document) {
    this.#document = document;
  }

  /** Where a value stands, or the nearest around it. */
  offset(path: Path): number {
    for (let length = path.length; length >= 0; length--) {
      const found = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (found !== undefined) return found;
    }
    return 0;
  }

  read(node: unknown, path: Path, depth: number): unknown {
    if (++this.#nodes > MOST_NODES) throw new Failure("The text unfolds to too many values.", node);
    if (depth > DEEPEST) throw new Failure(`The text is nested over ${DEEPEST} levels.`, node);
    if (node === null || node === undefined) return null;
    const [start] = (node as Node).range ?? [];
    const key = JSON.stringify(path);
    if (start !== undefined && !this.#offsets.has(key)) this.#offsets.set(key, start);
    if (isAlias(node)) return this.read(node.resolve(this.#document), path, depth + 1);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index], depth + 1));
    if (isMap(node)) return this.#map(node, path, depth);
    const value: unknown = isScalar(node) ? node.value : undefined;
    if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)))
      throw new Failure("A number is too large.", node);
    return value ?? null;
  }

  #map(node: YAMLMap, path: Path, depth: number): unknown {
    const fields = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      if (!isScalar(key)) throw new Failure('A template must stand in quotes: `"{{ … }}"`.', key);
      const name = String(key.value);
      this.#offsets.set(JSON.stringify([...path, name]), key.range?.[0] ?? 0);
      const read = this.read(value, [...path, name], depth + 1);
      if (!fields.has(name)) fields.set(name, read);
      else if (name === "type" && !fields.has("prompt_type")) this.#clash(fields, read, path, key);
      else throw new Failure(`\`${name.slice(0, 60)}\` stands twice.`, key);
    }
    return Object.fromEntries(fields);
  }

  #clash(fields: Map<string, unknown>, second: unknown, path: Path, key: unknown): void {
    const types = [fields.get("type"), second];
    if (!types.includes("prompt") || !types.some((type) => PROMPT_TYPES.has(String(type)))) throw new Failure("`type` stands twice.", key);
    fields.set("type", "prompt");
    fields.set(
      "prompt_type",
      types.find((type) => type !== "prompt"),
    );
    this.clashes.push(path);
  }
}
