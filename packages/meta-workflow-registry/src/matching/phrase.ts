import { wordsOf, type Word } from "./words.ts";

/** A trigger phrase: words, and places that stand for what the user names (`[tool name]`, `<service>`, `{file}`). */
export interface Phrase {
  readonly source: string;
  readonly parts: readonly (Word | Placeholder)[];
}

export interface Placeholder {
  readonly placeholder: string;
}

const PLACEHOLDER = /\[([^[\]]{1,60})\]|<([^<>]{1,60})>|\{([^{}]{1,60})\}/g;
/** Words that one placeholder can stand for. */
const LONGEST_VALUE = 8;

/** Reads a phrase. Optional parentheses are words like others. */
export function readPhrase(source: string): Phrase {
  const parts: (Word | Placeholder)[] = [];
  let from = 0;
  for (const found of source.matchAll(PLACEHOLDER)) {
    parts.push(...wordsOf(source.slice(from, found.index)), { placeholder: (found[1] ?? found[2] ?? found[3] ?? "").trim() });
    from = found.index + found[0].length;
  }
  parts.push(...wordsOf(source.slice(from)));
  return { source, parts };
}

/** The words of a phrase without its placeholders. */
export function literalWords(phrase: Phrase): readonly Word[] {
  return phrase.parts.filter((part): part is Word => "stem" in part);
}

/** True for a phrase with a placeholder and with a word: one of placeholders alone would match everything. */
export function hasPlaceholder(phrase: Phrase): boolean {
  return phrase.parts.some((part) => "placeholder" in part) && literalWords(phrase).length > 0;
}

/** What a text says at the placeholders of a phrase. */
export interface PlaceholderMatch {
  readonly values: Readonly<Record<string, string>>;
  /** False: the text says more before or behind the phrase. */
  readonly whole: boolean;
}

/**
 * Finds a phrase with placeholders in a text: its words one behind the other, one to `longest` words at every placeholder. It
 * begins as early and ends as late as it can. Linear in words of the text × parts of the phrase.
 */
export function matchPlaceholders(
  phrase: Phrase,
  text: string,
  words: readonly Word[],
  longest = LONGEST_VALUE,
): PlaceholderMatch | undefined {
  if (!hasPlaceholder(phrase)) return undefined;
  // Where the text may stand behind the parts so far, each with the first way that led there: the number of ways grows too fast.
  let states = new Map<number, readonly Span[]>(words.map((_, start) => [start, []]));
  for (const part of phrase.parts) {
    const next = new Map<number, readonly Span[]>();
    for (const [at, spans] of states) {
      if ("stem" in part) {
        if (words[at]?.stem === part.stem && !next.has(at + 1))
          next.set(at + 1, spans.length === 0 ? [{ name: "", start: at, end: at + 1 }] : spans);
        continue;
      }
      for (let end = at + 1; end <= Math.min(words.length, at + longest); end += 1) {
        if (!next.has(end)) next.set(end, [...spans, { name: part.placeholder, start: at, end }]);
      }
    }
    states = next;
  }
  if (states.size === 0) return undefined;
  const end = Math.max(...states.keys());
  const spans = states.get(end) ?? [];
  const values = spans
    .filter(({ name }) => name !== "")
    .map(({ name, start, end: to }) => [name, text.slice(words[start]?.start, words[to - 1]?.end)] as const);
  return { values: Object.fromEntries(values), whole: end === words.length && spans[0]?.start === 0 };
}

interface Span {
  /** Empty for the first word of the phrase, which only says where it began. */
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** True where the stems of `part` stand one behind the other in those of `whole`. */
export function containsRun(whole: readonly Word[], part: readonly Word[]): boolean {
  if (part.length === 0 || part.length > whole.length) return false;
  for (let start = 0; start + part.length <= whole.length; start += 1) {
    if (part.every(({ stem }, index) => whole[start + index]?.stem === stem)) return true;
  }
  return false;
}
