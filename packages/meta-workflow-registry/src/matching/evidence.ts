import type { MatchEntry } from "./entry.ts";
import { containsRun, hasPlaceholder, literalWords, matchPlaceholders, readPhrase, type Phrase } from "./phrase.ts";
import { meaningfulWords, meaningOf, wordsOf, type Word } from "./words.ts";

export const REASONS = ["id", "name", "trigger", "placeholder", "phrase", "words", "not_this", "look_alike"] as const;

/** Why a workflow fits, or does not. */
export interface Reason {
  readonly kind: (typeof REASONS)[number];
  readonly text: string;
}

export interface Evidence {
  /** From 0 to 1. */
  readonly score: number;
  readonly reason: Reason;
  /** What the wish says at the placeholders of the phrase. */
  readonly values?: Readonly<Record<string, string>>;
}

/** A wish, read once. */
export interface Wish {
  readonly text: string;
  readonly words: readonly Word[];
  readonly meaningful: readonly Word[];
  readonly meaning: ReadonlySet<string>;
}

/** Reads a wish of at most `longest` words. */
export function readWish(query: string, longest: number): Wish {
  const words = wordsOf(query).slice(0, longest);
  return { text: query, words, meaningful: meaningfulWords(words), meaning: meaningOf(words) };
}

/** An entry, read once. */
export interface ReadEntry {
  readonly entry: MatchEntry;
  readonly name: Phrase;
  readonly phrases: readonly Phrase[];
  readonly besides: ReadonlySet<string>;
}

/** Reads an entry's name, phrases, and what it says besides. */
export function readEntry(entry: MatchEntry): ReadEntry {
  const besides = meaningOf(wordsOf([entry.description ?? "", ...(entry.tags ?? [])].join(" ").slice(0, 2_000)));
  return { entry, name: readPhrase(entry.name), phrases: entry.phrases.map(readPhrase), besides };
}

/** All that speaks for an entry, strongest first: its id, its name or a trigger word for word, a placeholder's phrase, a phrase contained, shared words. */
export function evidenceFor(wish: Wish, read: ReadEntry, weightOf: (stem: string) => number): readonly Evidence[] {
  const { entry, name, phrases } = read;
  const found = [
    idEvidence(wish, entry),
    exactEvidence(wish, name, "name"),
    ...phrases.map((phrase) => exactEvidence(wish, phrase, "trigger")),
    ...phrases.map((phrase) => placeholderEvidence(wish, phrase)),
    ...[name, ...phrases].map((phrase) => containedEvidence(wish, phrase)),
    ...[name, ...phrases].map((phrase) => sharedEvidence(wish, phrase.source, meaningOf(literalWords(phrase)), weightOf, 0.6)),
    sharedEvidence(wish, "its description", read.besides, weightOf, 0.4),
  ];
  return found.filter((each): each is Evidence => each !== undefined).toSorted((a, b) => b.score - a.score);
}

function idEvidence({ text }: Wish, { id, aliases = [] }: MatchEntry): Evidence | undefined {
  const wanted = text.trim().toLowerCase();
  for (const each of [id, ...aliases]) {
    if (wanted === each.toLowerCase()) return { score: 1, reason: { kind: "id", text: `${each} is its id` } };
    if (namesId(wanted, each.toLowerCase())) return { score: 0.95, reason: { kind: "id", text: `its id ${each} is named` } };
  }
  return undefined;
}

function namesId(text: string, id: string): boolean {
  // A word like "deploy" in a sentence is no id; `staged-deployment` and `MW-001` are nothing else.
  if (!/[-:_]/.test(id)) return false;
  const outside = (char: string | undefined) => char === undefined || !/[\p{L}\p{N}_-]/u.test(char);
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + 1)) {
    if (outside(text[at - 1]) && outside(text[at + id.length])) return true;
  }
  return false;
}

function exactEvidence(wish: Wish, phrase: Phrase, kind: "name" | "trigger"): Evidence | undefined {
  if (phrase.parts.length === 0 || hasPlaceholder(phrase)) return undefined;
  const words = literalWords(phrase);
  const text = kind === "name" ? "that is its name" : `"${phrase.source}" is its trigger`;
  if (sameStems(wish.words, words)) return { score: 1, reason: { kind, text } };
  if (sameStems(wish.meaningful, meaningfulWords(words))) return { score: 0.95, reason: { kind, text } };
  return undefined;
}

function sameStems(a: readonly Word[], b: readonly Word[]): boolean {
  return a.length > 0 && a.length === b.length && a.every(({ stem }, index) => stem === b[index]?.stem);
}

function placeholderEvidence(wish: Wish, phrase: Phrase): Evidence | undefined {
  const match = matchPlaceholders(phrase, wish.text, wish.words);
  if (match === undefined) return undefined;
  const { values, whole } = match;
  // A long value is more likely a sentence that happens to begin alike.
  const beyond = Object.values(values).reduce((sum, value) => sum + Math.max(0, wordsOf(value).length - 3), 0);
  const said = Object.entries(values)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
  return {
    score: Math.max(0.55, (whole ? 0.92 : 0.87) - 0.04 * beyond),
    reason: { kind: "placeholder", text: `"${phrase.source}" fits, with ${said}` },
    values,
  };
}

function containedEvidence(wish: Wish, phrase: Phrase): Evidence | undefined {
  if (hasPlaceholder(phrase)) return undefined;
  const words = meaningfulWords(literalWords(phrase));
  const reason: Reason = { kind: "phrase", text: `the wish holds "${phrase.source}"` };
  if (containsRun(wish.meaningful, words)) return { score: words.length === 1 ? 0.5 : 0.85, reason };
  if (wish.meaningful.length > 1 && containsRun(words, wish.meaningful)) {
    return { score: 0.65, reason: { kind: "phrase", text: `"${phrase.source}" holds the wish` } };
  }
  return undefined;
}

function sharedEvidence(
  wish: Wish,
  source: string,
  meaning: ReadonlySet<string>,
  weightOf: (stem: string) => number,
  most: number,
): Evidence | undefined {
  const both = [...wish.meaning].filter((stem) => meaning.has(stem));
  if (both.length === 0) return undefined;
  const score = (most * 2 * total(both, weightOf)) / (total(wish.meaning, weightOf) + total(meaning, weightOf));
  const plain = wish.words.filter(({ stem }, index, all) => both.includes(stem) && all.findIndex((word) => word.stem === stem) === index);
  const where = source === "its description" ? source : `"${source}"`;
  return { score, reason: { kind: "words", text: `${where} has ${plain.map((word) => word.plain).join(", ")} too` } };
}

/** The weight of some stems together. */
export function total(stems: Iterable<string>, weightOf: (stem: string) => number): number {
  let sum = 0;
  for (const stem of stems) sum += weightOf(stem);
  return sum;
}
