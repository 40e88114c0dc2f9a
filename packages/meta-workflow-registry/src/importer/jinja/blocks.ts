import { parseExpression, parseFor, type Node } from "./parse.ts";
import { Refused } from "./refused.ts";

/** A text with `{{ }}` and blocks, taken apart. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly node: Node }
  | { readonly kind: "if"; readonly branches: readonly { readonly when: Node | undefined; readonly body: readonly Part[] }[] }
  | {
      readonly kind: "for";
      readonly names: readonly string[];
      readonly list: Node;
      readonly only: Node | undefined;
      readonly body: readonly Part[];
    };

type Piece = { readonly kind: "text" | "value" | "block"; readonly text: string };

const MOST_PIECES = 2_000;
const DEEPEST = 12;
const CLOSES: Readonly<Record<string, string>> = { "{{": "}}", "{%": "%}", "{#": "#}" };

/** Takes a text apart. @throws Refused */
export function partsOf(text: string): readonly Part[] {
  const reader = new Blocks(piecesOf(text));
  const parts = reader.body(0);
  reader.end();
  return parts;
}

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trims = false;
  const words = (to: number, trimEnd: boolean): void => {
    let part = text.slice(at, to);
    if (trims) part = part.trimStart();
    if (trimEnd) part = part.trimEnd();
    if (part !== "") pieces.push({ kind: "text", text: part });
  };
  for (;;) {
    if (pieces.length > MOST_PIECES) throw new Refused("The text has too many templates.");
    const open = /\{[{%#]/g;
    open.lastIndex = at;
    const found = open.exec(text);
    if (found === null) break;
    const [mark] = found;
    const close = endOf(text, found.index + 2, CLOSES[mark] ?? "}}", mark !== "{#");
    const inside = text.slice(found.index + 2, close);
    words(found.index, inside.startsWith("-"));
    trims = inside.endsWith("-");
    at = close + 2;
    const bare = inside.replace(/^[-+]/, "").replace(/[-+]$/, "").trim();
    if (mark === "{%" && /^raw\b/.test(bare)) {
      const end = /\{%[-+]?\s*endraw\s*[-+]?%\}/g;
      end.lastIndex = at;
      const ends = end.exec(text);
      if (ends === null) throw new Refused("`{% raw %}` is not closed.");
      pieces.push({ kind: "text", text: text.slice(at, ends.index) });
      at = ends.index + ends[0].length;
    } else if (mark === "{{") pieces.push({ kind: "value", text: bare });
    else if (mark === "{%") pieces.push({ kind: "block", text: bare });
  }
  words(text.length, false);
  return pieces;
}

/** Where a mark closes, not inside a text. */
function endOf(text: string, from: number, close: string, quotes: boolean): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at] ?? "";
    if (text.startsWith(close, at)) return at;
    if (quotes && (character === "'" || character === '"')) {
      for (at += 1; at < text.length && text[at] !== character; at++) if (text[at] === "\\") at++;
    }
  }
  throw new Refused(`\`${text.slice(from - 2, from + 20)}\` is not closed by \`${close}\`.`);
}

class Blocks {
  #at = 0;
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  end(): void {
    const left = this.#pieces[this.#at];
    if (left !== undefined) throw new Refused(`\`{% ${left.text.slice(0, 40)} %}\` closes nothing.`);
  }

  /** Parts up to a block that ends or divides, which is left. */
  body(depth: number): readonly Part[] {
    if (depth > DEEPEST) throw new Refused("Blocks are nested too deeply.");
    const parts: Part[] = [];
    for (let piece = this.#pieces[this.#at]; piece !== undefined; piece = this.#pieces[this.#at]) {
      if (piece.kind === "block" && /^(?:elif|else|endif|endfor)\b/.test(piece.text)) break;
      this.#at += 1;
      if (piece.kind === "text") parts.push({ kind: "text", text: piece.text });
      else if (piece.kind === "value") parts.push({ kind: "value", node: parseExpression(piece.text) });
      else parts.push(this.#block(piece.text, depth));
    }
    return parts;
  }

  #block(text: string, depth: number): Part {
    const [, word = "", rest = ""] = /^(\w+)([^]*)$/.exec(text) ?? [];
    if (word === "if") return this.#if(rest, depth);
    if (word === "for") {
      const body = this.body(depth + 1);
      this.#close("endfor", "`{% for %}` with `{% else %}` is not translated, or is not closed.");
      return { kind: "for", ...parseFor(rest), body };
    }
    throw new Refused(`\`{% ${word.slice(0, 20)} %}\` is not translated; \`if\` and \`for\` are.`);
  }

  #if(first: string, depth: number): Part {
    const branches: { when: Node | undefined; body: readonly Part[] }[] = [{ when: parseExpression(first), body: this.body(depth + 1) }];
    for (;;) {
      const piece = this.#pieces[this.#at]?.text ?? "";
      if (/^elif\b/.test(piece)) {
        this.#at += 1;
        branches.push({ when: parseExpression(piece.slice(4)), body: this.body(depth + 1) });
      } else if (/^else\s*$/.test(piece)) {
        this.#at += 1;
        branches.push({ when: undefined, body: this.body(depth + 1) });
        break;
      } else break;
    }
    this.#close("endif", "`{% if %}` is not closed by `{% endif %}`.");
    return { kind: "if", branches };
  }

  #close(word: string, otherwise: string): void {
    if (this.#pieces[this.#at]?.text !== word) throw new Refused(otherwise);
    this.#at += 1;
  }
}
