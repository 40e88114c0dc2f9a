import { Refused } from "./refused.ts";
import { tokensOf, type Token } from "./tokens.ts";

/** An expression of Jinja's kind, read. */
export type Node =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null; readonly float?: boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly of: Node; readonly name: string }
  | { readonly kind: "item"; readonly of: Node; readonly key: Node }
  | { readonly kind: "slice"; readonly of: Node; readonly from?: Node; readonly to?: Node }
  | { readonly kind: "call"; readonly of: Node; readonly args: Args }
  | { readonly kind: "filter"; readonly of: Node; readonly name: string; readonly args: Args }
  | { readonly kind: "test"; readonly of: Node; readonly name: string; readonly args: Args }
  | { readonly kind: "not" | "minus"; readonly of: Node }
  | { readonly kind: "binary"; readonly op: string; readonly left: Node; readonly right: Node }
  | { readonly kind: "choice"; readonly if: Node; readonly then: Node; readonly else: Node | undefined }
  | { readonly kind: "list"; readonly items: readonly Node[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Node, Node])[] };

export interface Args {
  readonly list: readonly Node[];
  readonly named: { readonly [name: string]: Node };
}

const DEEPEST = 40;
const LEVELS: readonly (readonly string[])[] = [["~"], ["+", "-"], ["*", "/", "//", "%"]];
const COMPARISONS = new Set(["==", "!=", "<", ">", "<=", ">=", "in", "not in"]);

/** Reads the inside of `{{ }}`. @throws Refused */
export function parseExpression(source: string): Node {
  const reader = new Reader(tokensOf(source));
  const node = reader.expression();
  reader.end();
  return node;
}

/** Reads what stands behind `for`: names, the list, and the condition. @throws Refused */
export function parseFor(source: string): { readonly names: readonly string[]; readonly list: Node; readonly only: Node | undefined } {
  const reader = new Reader(tokensOf(source));
  const names = [reader.name()];
  while (reader.take(",")) names.push(reader.name());
  reader.word("in");
  const list = reader.either();
  const only = reader.takeWord("if") ? reader.either() : undefined;
  reader.end();
  if (names.length > 2) throw new Refused("`for` takes one name, or two for the fields of a map.");
  return { names, list, only };
}

class Reader {
  #at = 0;
  #depth = 0;
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  end(): void {
    const left = this.#tokens[this.#at];
    if (left !== undefined) throw new Refused(`\`${left.text}\` is not expected here.`);
  }

  take(mark: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "mark" || token.text !== mark) return false;
    this.#at += 1;
    return true;
  }

  takeWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "name" || token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  word(word: string): void {
    if (!this.takeWord(word)) throw new Refused(`\`${word}\` is missing.`);
  }

  name(): string {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "name") throw new Refused("A name is missing.");
    this.#at += 1;
    return token.text;
  }

  #need(mark: string): void {
    if (!this.take(mark)) throw new Refused(`\`${mark}\` is missing.`);
  }

  expression(): Node {
    if (++this.#depth > DEEPEST) throw new Refused("The expression is nested too deeply.");
    const value = this.either();
    let node = value;
    if (this.takeWord("if")) {
      const condition = this.either();
      node = { kind: "choice", if: condition, then: value, else: this.takeWord("else") ? this.expression() : undefined };
    }
    this.#depth -= 1;
    return node;
  }

  either(): Node {
    let node = this.#both();
    while (this.takeWord("or")) node = { kind: "binary", op: "or", left: node, right: this.#both() };
    return node;
  }

  #both(): Node {
    let node = this.#not();
    while (this.takeWord("and")) node = { kind: "binary", op: "and", left: node, right: this.#not() };
    return node;
  }

  #not(): Node {
    if (!this.takeWord("not")) return this.#comparison();
    if (++this.#depth > DEEPEST) throw new Refused("The expression is nested too deeply.");
    const of = this.#not();
    this.#depth -= 1;
    return { kind: "not", of };
  }

  #comparison(): Node {
    const left = this.#level(0);
    const op = this.#comparisonMark();
    if (op === undefined) return left;
    const node: Node = { kind: "binary", op, left, right: this.#level(0) };
    if (this.#comparisonMark() !== undefined) throw new Refused("Comparisons in a row are not read: join two by `and`.");
    return node;
  }

  #comparisonMark(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === "text" || token.kind === "number") return undefined;
    if (token.text === "not" && this.#tokens[this.#at + 1]?.text === "in") {
      this.#at += 2;
      return "not in";
    }
    if (!COMPARISONS.has(token.text)) return undefined;
    this.#at += 1;
    return token.text;
  }

  #level(level: number): Node {
    const marks = LEVELS[level];
    if (marks === undefined) return this.#unary();
    let node = this.#level(level + 1);
    for (;;) {
      const op = marks.find((mark) => this.take(mark));
      if (op === undefined) return node;
      node = { kind: "binary", op, left: node, right: this.#level(level + 1) };
    }
  }

  #unary(): Node {
    if (!this.take("-")) return this.#filtered();
    if (++this.#depth > DEEPEST) throw new Refused("The expression is nested too deeply.");
    const of = this.#unary();
    this.#depth -= 1;
    return { kind: "minus", of };
  }

  #filtered(): Node {
    let node = this.#reached();
    for (;;) {
      if (this.take("|")) {
        const name = this.name();
        node = { kind: "filter", of: node, name, args: this.take("(") ? this.#args() : { list: [], named: {} } };
      } else if (this.takeWord("is")) node = this.#test(node);
      else return node;
    }
  }

  #test(of: Node): Node {
    const negated = this.takeWord("not");
    const name = this.name();
    const args = this.take("(") ? this.#args() : { list: [], named: {} };
    const test: Node = { kind: "test", of, name, args };
    return negated ? { kind: "not", of: test } : test;
  }

  #reached(): Node {
    let node = this.#atom();
    for (;;) {
      if (this.take(".")) node = { kind: "field", of: node, name: this.name() };
      else if (this.take("[")) node = this.#bracket(node);
      else if (this.take("(")) node = { kind: "call", of: node, args: this.#args() };
      else return node;
    }
  }

  #bracket(of: Node): Node {
    const from = this.take(":") ? undefined : this.expression();
    if (from !== undefined && this.take("]")) return { kind: "item", of, key: from };
    if (from !== undefined) this.#need(":");
    const to = this.take("]") ? undefined : this.expression();
    if (to !== undefined) this.#need("]");
    return { kind: "slice", of, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  }

  #args(): Args {
    const list: Node[] = [];
    const named = Object.create(null) as Record<string, Node>;
    while (!this.take(")")) {
      const [first, second] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
      if (first?.kind === "name" && second?.kind === "mark" && second.text === "=") {
        this.#at += 2;
        named[first.text] = this.expression();
      } else list.push(this.expression());
      if (!this.take(",") && this.#tokens[this.#at]?.text !== ")") throw new Refused("`)` is missing.");
    }
    return { list, named };
  }

  #atom(): Node {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Refused("The expression ends too early.");
    this.#at += 1;
    if (token.kind === "number") return { kind: "literal", value: Number(token.text), float: token.text.includes(".") };
    if (token.kind === "text") return { kind: "literal", value: token.text };
    if (token.kind === "name") return word(token.text);
    if (token.text === "(") {
      const node = this.expression();
      this.#need(")");
      return node;
    }
    if (token.text === "[") return { kind: "list", items: this.#until("]", () => this.expression()) };
    if (token.text === "{") return { kind: "map", entries: this.#until("}", () => this.#entry()) };
    throw new Refused(`\`${token.text}\` is not expected here.`);
  }

  #entry(): readonly [Node, Node] {
    const key = this.expression();
    this.#need(":");
    return [key, this.expression()];
  }

  #until<T>(mark: string, read: () => T): T[] {
    const items: T[] = [];
    while (!this.take(mark)) {
      items.push(read());
      if (!this.take(",") && this.#tokens[this.#at]?.text !== mark) throw new Refused(`\`${mark}\` is missing.`);
    }
    return items;
  }
}

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
  ["null", null],
]);

function word(text: string): Node {
  const value = WORDS.get(text);
  return value === undefined ? { kind: "name", name: text } : { kind: "literal", value };
}
