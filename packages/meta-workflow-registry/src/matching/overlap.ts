import type { MatchEntry } from "./entry.ts";
import { hasPlaceholder, literalWords, matchPlaceholders, readPhrase, type Phrase } from "./phrase.ts";
import { meaningOf, wordsOf } from "./words.ts";

/** Two workflows that answer to the same words, without both saying what tells them apart. */
export interface Overlap {
  /** The ids, smaller first. */
  readonly ids: readonly [string, string];
  readonly phrases: readonly [string, string];
  /** `equal`: the same words. `near`: a quarter of them differs at most. `covered`: one fits the other's placeholders. */
  readonly kind: "equal" | "near" | "covered";
  /** The ids of those of the two that do not name the other in `not_this`. */
  readonly silent: readonly string[];
}

/** Overlaps that are reported. */
const MOST = 200;
/** Phrases of one shape that a phrase is compared with: who has more of them sees it from these. */
const COMPARED = 20;
const NEAR = 0.75;
/** A placeholder that stands for a whole sentence covers everything that begins alike. */
const LONGEST_VALUE = 3;

interface Owned {
  readonly entry: MatchEntry;
  readonly phrase: Phrase;
  readonly meaning: ReadonlySet<string>;
  readonly shape: string;
}

/**
 * Trigger phrases of two workflows that are equal or nearly so. Retired ones do not count, nor a pair of which each
 * names the other in `not_this`. One overlap a pair, the strongest.
 */
export function overlappingTriggers(entries: readonly MatchEntry[]): readonly Overlap[] {
  const owned = entries.filter(({ status }) => status !== "retired").flatMap(ownedBy);
  const found = new Map<string, Overlap>();
  const add = (a: Owned, b: Owned, kind: Overlap["kind"]): void => {
    const [first, second] = a.entry.id < b.entry.id ? [a, b] : [b, a];
    const silent = [first, second].filter((one) => !names(one, one === first ? second : first)).map(({ entry }) => entry.id);
    const key = JSON.stringify([first.entry.id, second.entry.id]);
    const earlier = found.get(key);
    if (silent.length === 0 || (earlier !== undefined && KINDS.indexOf(earlier.kind) <= KINDS.indexOf(kind))) return;
    found.set(key, {
      ids: [first.entry.id, second.entry.id],
      phrases: [first.phrase.source, second.phrase.source],
      kind,
      silent,
    });
  };
  for (const [a, b] of alike(owned)) {
    if (found.size >= MOST) break;
    const likeness = a.shape === b.shape ? 1 : diceOf(a.meaning, b.meaning);
    if (likeness === 1) add(a, b, "equal");
    else if (likeness >= NEAR) add(a, b, "near");
  }
  for (const [a, b] of covered(owned)) {
    if (found.size >= MOST) break;
    add(a, b, "covered");
  }
  return [...found.values()].toSorted((a, b) => (a.ids.join(" ") < b.ids.join(" ") ? -1 : 1));
}

const KINDS: readonly Overlap["kind"][] = ["equal", "near", "covered"];

function ownedBy(entry: MatchEntry): readonly Owned[] {
  return entry.phrases.map((source) => {
    const phrase = readPhrase(source);
    const meaning = meaningOf(literalWords(phrase));
    const slots = hasPlaceholder(phrase) ? " [ ]" : "";
    return { entry, phrase, meaning, shape: `${[...meaning].toSorted().join(" ")}${slots}` };
  });
}

function names(one: Owned, other: Owned): boolean {
  const said = one.entry.not_this ?? {};
  return [other.entry.id, ...(other.entry.aliases ?? [])].some((id) => Object.hasOwn(said, id));
}

/**
 * The pairs that may be alike: those that have the same words once at most one is left out of each. Found by their shapes,
 * since comparing each with each takes too long for a large registry.
 */
function* alike(owned: readonly Owned[]): Generator<readonly [Owned, Owned]> {
  const bySignature = new Map<string, Owned[]>();
  for (const one of owned) {
    for (const signature of signaturesOf(one)) {
      const others = bySignature.get(signature) ?? [];
      for (const other of others) if (other.entry.id !== one.entry.id) yield [other, one];
      if (others.length < COMPARED) others.push(one);
      bySignature.set(signature, others);
    }
  }
}

function signaturesOf({ meaning, phrase }: Owned): readonly string[] {
  const stems = [...meaning].toSorted().slice(0, 30);
  if (stems.length === 0) return [];
  // "Enhance [tool]" and "Enhance search" are alike in nothing but the verb.
  const slots = hasPlaceholder(phrase) ? " [ ]" : "";
  const without = stems.length < 3 ? [] : stems.map((_, left) => stems.filter((_stem, index) => index !== left).join(" "));
  return [stems.join(" "), ...without].map((signature) => `${signature}${slots}`);
}

function diceOf(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const both = [...a].filter((stem) => b.has(stem)).length;
  return (2 * both) / (a.size + b.size);
}

/** Plain phrases that fit another workflow's phrase with placeholders; they share the first or the last of its words. */
function* covered(owned: readonly Owned[]): Generator<readonly [Owned, Owned]> {
  const byWord = new Map<string, Owned[]>();
  for (const one of owned) {
    if (hasPlaceholder(one.phrase)) continue;
    for (const stem of new Set(literalWords(one.phrase).map((word) => word.stem))) {
      const others = byWord.get(stem) ?? [];
      if (others.length < MOST) others.push(one);
      byWord.set(stem, others);
    }
  }
  for (const general of owned) {
    if (!hasPlaceholder(general.phrase)) continue;
    const [rarest] = literalWords(general.phrase)
      .map(({ stem }) => byWord.get(stem) ?? [])
      .toSorted((a, b) => a.length - b.length);
    for (const special of rarest ?? []) {
      if (special.entry.id === general.entry.id) continue;
      const { source } = special.phrase;
      if (matchPlaceholders(general.phrase, source, wordsOf(source), LONGEST_VALUE)?.whole === true) yield [special, general];
    }
  }
}
