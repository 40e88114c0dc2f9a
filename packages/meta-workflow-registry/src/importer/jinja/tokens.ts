import { Refused } from "./refused.ts";

export type Token =
  | { readonly kind: "name" | "mark"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly text: string };

const SPACE = /\s+/y;
const NAME = /[\p{L}_][\p{L}\p{N}_]*/uy;
const NUMBER = /\d+(?:\.\d+)?/y;
const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy;
const MARK = /==|!=|<=|>=|\/\/|\*\*|[-+*/%~<>()[\]{},.:|=]/y;
const MOST_TOKENS = 1_000;

/** The inside of `{{ }}` or `{% %}` as words and marks. @throws Refused */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  while (at < source.length) {
    if (tokens.length > MOST_TOKENS) throw new Refused("The expression is too long.");
    if (take(SPACE) !== undefined) continue;
    const name = take(NAME);
    if (name !== undefined) {
      tokens.push({ kind: "name", text: name });
      continue;
    }
    const number = take(NUMBER);
    if (number !== undefined) {
      tokens.push({ kind: "number", text: number });
      continue;
    }
    const string = take(STRING);
    if (string !== undefined) {
      tokens.push({ kind: "text", text: unescaped(string.slice(1, -1)) });
      continue;
    }
    const mark = take(MARK);
    if (mark === undefined) throw new Refused(`\`${source.slice(at, at + 12)}\` cannot be read.`);
    tokens.push({ kind: "mark", text: mark });
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unescaped(text: string): string {
  return text.replaceAll(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[^])/g, (all, what: string) => {
    if (what.length > 1) return String.fromCodePoint(Number.parseInt(what.slice(1), 16));
    if ("\\'\"".includes(what)) return what;
    // As Python: an escape that is none stays as it stands, which is what patterns rely on.
    return ESCAPES[what] ?? all;
  });
}
