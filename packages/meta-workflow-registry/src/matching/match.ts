import type { MatchEntry } from "./entry.ts";
import { evidenceFor, readEntry, readWish, total, type Evidence, type ReadEntry, type Reason, type Wish } from "./evidence.ts";
import { literalWords } from "./phrase.ts";
import { meaningOf, wordsOf } from "./words.ts";

/** A workflow that a wish may mean. */
export interface Match {
  readonly id: string;
  readonly name: string;
  readonly status: MatchEntry["status"];
  /** From 0 to 1, two digits. Comparable within one answer only. */
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** What the wish says at the placeholders of the trigger that fits. */
  readonly values?: Readonly<Record<string, string>>;
}

export interface MatchResult {
  /** Best first. */
  readonly matches: readonly Match[];
  /** True: the first is meant. */
  readonly certain: boolean;
  /** What to ask where more than one may be meant. */
  readonly question: string | null;
}

/** Words of a wish that are read. */
const LONGEST = 100;
const LEAST = 0.12;
const CERTAIN = 0.8;
const LEAD = 0.15;
const STRONG = 0.95;
const CONTRADICTION = 0.3;
const LOOK_ALIKE = 0.1;
const STATUS_COST = { active: 0, draft: 0.01, deprecated: 0.1, retired: 0.2 } as const;

/**
 * Finds which workflow a wish means: the same answer for the same words, without a model. Strongest first: the id, the name or
 * a trigger word for word; a trigger with placeholders; a phrase contained; words shared, rare ones more. What a workflow
 * says of others in `not_this` speaks against it. Where two may be meant, the question separates them.
 */
export function matchWorkflows(query: string, entries: readonly MatchEntry[], options: { readonly limit?: number } = {}): MatchResult {
  const wish = readWish(query.slice(0, 2_000), LONGEST);
  const read = entries.map(readEntry);
  const weightOf = weights(read);
  const scored = read.flatMap((one) => scoreOf(wish, one, weightOf) ?? []).toSorted(byScore);
  const certain = isCertain(scored);
  const ranked = (certain ? scored : withLookAlikes(scored, entries)).slice(0, options.limit ?? 3);
  return { matches: ranked, certain, question: certain ? null : questionFor(ranked, entries) };
}

/** Rare words weigh more: logarithm of entries by entries that have the word. */
function weights(read: readonly ReadEntry[]): (stem: string) => number {
  const having = new Map<string, number>();
  for (const { name, phrases, besides } of read) {
    const stems = new Set([...[name, ...phrases].flatMap((phrase) => [...meaningOf(literalWords(phrase))]), ...besides]);
    for (const stem of stems) having.set(stem, (having.get(stem) ?? 0) + 1);
  }
  // A word that no entry has tells least apart; it counts as common, so that chatter does not hide what fits.
  return (stem) => Math.log(1 + read.length / (having.get(stem) ?? Math.max(1, read.length)));
}

function scoreOf(wish: Wish, read: ReadEntry, weightOf: (stem: string) => number): Match | undefined {
  const { entry } = read;
  const evidence = evidenceFor(wish, read, weightOf);
  const [best] = evidence;
  if (best === undefined) return undefined;
  const against = best.score >= STRONG ? [] : contradictions(wish, entry, weightOf);
  const cost = STATUS_COST[entry.status] + (against.length === 0 ? 0 : CONTRADICTION);
  const score = round(Math.min(1, best.score) - cost);
  if (score < LEAST) return undefined;
  return {
    id: entry.id,
    name: entry.name,
    status: entry.status,
    score,
    reasons: [...reasonsOf(evidence), ...against],
    ...(best.values === undefined ? {} : { values: best.values }),
  };
}

/** The strongest reason, and the next of another kind. */
function reasonsOf([best, ...others]: readonly Evidence[]): readonly Reason[] {
  if (best === undefined) return [];
  const next = best.score >= STRONG ? undefined : others.find(({ reason }) => reason.kind !== best.reason.kind && reason.kind !== "words");
  return [best.reason, ...(next === undefined ? [] : [next.reason])];
}

function contradictions(wish: Wish, entry: MatchEntry, weightOf: (stem: string) => number): readonly Reason[] {
  return Object.entries(entry.not_this ?? {}).flatMap(([other, said]) => {
    const meaning = meaningOf(wordsOf(said));
    const both = [...meaning].filter((stem) => wish.meaning.has(stem));
    const covered = total(both, weightOf) / Math.max(total(meaning, weightOf), Number.EPSILON);
    if (both.length === 0 || (both.length < meaning.size && (both.length < 2 || covered < 0.6))) return [];
    return [{ kind: "not_this" as const, text: `"${said}" is ${other}` }];
  });
}

function byScore(a: Match, b: Match): number {
  return b.score - a.score || STATUS_COST[a.status] - STATUS_COST[b.status] || (a.id < b.id ? -1 : 1);
}

function isCertain([first, second]: readonly Match[]): boolean {
  return first !== undefined && first.score >= CERTAIN && first.score - (second?.score ?? 0) >= LEAD;
}

/** Those that the first is told apart from by its author come nearer to it: they are what is confused with it. */
function withLookAlikes(scored: readonly Match[], entries: readonly MatchEntry[]): readonly Match[] {
  const [first, ...rest] = scored;
  if (first === undefined) return scored;
  const named = entries.find(({ id }) => id === first.id)?.not_this ?? {};
  const raised = rest.map((match) =>
    Object.hasOwn(named, match.id)
      ? {
          ...match,
          score: round(Math.min(first.score, match.score + LOOK_ALIKE)),
          reasons: [...match.reasons, { kind: "look_alike" as const, text: `easily taken for ${first.id}` }],
        }
      : match,
  );
  return [first, ...raised.toSorted(byScore)];
}

function questionFor(matches: readonly Match[], entries: readonly MatchEntry[]): string | null {
  const [first, ...others] = matches;
  if (first === undefined) return null;
  if (others.length === 0) return `Do you mean ${first.id} (${first.name})?`;
  const says = (match: Match): string => {
    const entry = entries.find(({ id }) => id === match.id);
    const toldApart = matches
      .filter(({ id }) => id !== match.id)
      .map(({ id }) => entries.find((each) => each.id === id)?.not_this?.[match.id])
      .find((said) => said !== undefined);
    const hint = toldApart ?? (entry?.phrases[0] === undefined ? undefined : `as in "${entry.phrases[0]}"`);
    return `${match.id} (${match.name})${hint === undefined ? "" : `: ${hint}`}`;
  };
  return `Which do you mean? ${matches.map(says).join("; or ")}`;
}

function round(score: number): number {
  return Math.round(score * 100) / 100;
}
