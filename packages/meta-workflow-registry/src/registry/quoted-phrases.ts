// Trigger phrases stand in double quotes, several apart by ` / `. A backslash before `"`, `|` or `\` is taken away, which is
// also how a table's cell writes its own `|`.

/** The phrases of a cell or a bullet. */
export interface QuotedPhrases {
  readonly phrases: readonly string[];
  /** False: nothing was quoted, and the whole text was taken. */
  readonly quoted: boolean;
  /** Words outside the quotes, which are no phrase. */
  readonly outside: string;
}

const CLOSING: Readonly<Record<string, string>> = { '"': '"', "“": "”", "„": "“", "«": "»" };
const ESCAPED = /\\(["|\\])/g;
const SEPARATORS = /^(?:\s|[/,;·]|<br ?\/?>|\bor\b)*$/i;
/** What people write where there is nothing. */
const NOTHING = /^[-–—]*$/;

/** Reads phrases as they stand in the source of a cell or a bullet. */
export function readPhrases(source: string): QuotedPhrases {
  const text = source.trim();
  const phrases: string[] = [];
  const outside: string[] = [];
  // Marks that close nowhere in the rest are not looked for again: a line of opening quotes would take quadratic time.
  const open = new Set<string>();
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const closing = CLOSING[text[at] ?? ""];
    if (closing === undefined || open.has(closing)) continue;
    const end = closingAt(text, at + 1, closing);
    if (end < 0) {
      open.add(closing);
      continue;
    }
    outside.push(text.slice(from, at));
    phrases.push(unescaped(text.slice(at + 1, end)).trim());
    at = end;
    from = end + 1;
  }
  outside.push(text.slice(from));
  const kept = [...new Set(phrases)].filter((phrase) => phrase !== "");
  if (phrases.length === 0) {
    return { phrases: NOTHING.test(text) ? [] : [unescaped(text)], quoted: NOTHING.test(text), outside: "" };
  }
  return {
    phrases: kept,
    quoted: true,
    outside: outside
      .filter((part) => !SEPARATORS.test(part))
      .map((part) => part.trim())
      .join(" "),
  };
}

/** A text as a cell writes it. */
export function escaped(text: string): string {
  return text.replaceAll(/[|\\]/g, "\\$&");
}

/** Phrases as a cell or a bullet writes them; an em dash where there are none. */
export function quotePhrases(phrases: readonly string[]): string {
  return phrases.map((phrase) => `"${phrase.replaceAll(/["|\\]/g, "\\$&")}"`).join(" / ") || "—";
}

/** The text of a cell: `\\|` is a bar, `\\\\` a backslash. */
export function unescaped(text: string): string {
  return text.replaceAll(ESCAPED, "$1");
}

function closingAt(text: string, from: number, closing: string): number {
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === closing) return at;
  }
  return -1;
}
