/** One statement of a TOML text, with the spaces and the line's end that belong to it. */
export interface TomlStatement {
  readonly kind: "table" | "pair" | "other";
  readonly start: number;
  readonly end: number;
}

/**
 * The statements of a TOML 1.0 text: a value may go over several lines inside brackets or in a string of three quotes.
 * The text is known to be sound (a parser read it before).
 */
export function tomlStatements(text: string): TomlStatement[] {
  const statements: TomlStatement[] = [];
  for (let start = 0; start < text.length;) {
    const end = endOfStatement(text, start);
    const [first = ""] = text.slice(start, end).trimStart();
    const kind = first === "[" ? "table" : first === "" || first === "#" ? "other" : "pair";
    statements.push({ kind, start, end });
    start = end;
  }
  return statements;
}

function endOfStatement(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length;) {
    const char = text[at]!;
    if (char === "\n" && depth === 0) return at + 1;
    if (char === '"' || char === "'") at = endOfString(text, at);
    else if (char === "#") at = endOfLine(text, at);
    else {
      if (char === "[" || char === "{") depth += 1;
      else if (char === "]" || char === "}") depth -= 1;
      at += 1;
    }
  }
  return text.length;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf("\n", at);
  return end === -1 ? text.length : end;
}

function endOfString(text: string, start: number): number {
  const quote = text[start]!;
  const long = text.startsWith(quote.repeat(3), start);
  const mark = long ? quote.repeat(3) : quote;
  for (let at = start + mark.length; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (text.startsWith(mark, at)) {
      if (!long) return at + 1;
      // Up to two quotes may stand before the closing three.
      let end = at + mark.length;
      while (text[end] === quote) end += 1;
      return end;
    }
  }
  return text.length;
}
