import { meaningOf, wordsOf } from "../matching/words.ts";

/** A step as prose has it. */
export interface ProseStep {
  readonly title: string;
  /** Its actions, each without its bullet. */
  readonly actions: readonly string[];
}

/** What is in every question, and names no step. */
const ASKING = new Set(
  "ai also already any approval approve before begin don first go now okay proceed qa ready shall should start step after am is".split(" "),
);
const LEADS = 3;
const IN_TITLE = 2;
const ANYWHERE = 1;

/**
 * The step that a sentence speaks of, by the words that they share: those that lead a title or an action count most. The earliest
 * of equals; nothing where none shares a word.
 */
export function stepMeant(sentence: string, steps: readonly ProseStep[]): number | undefined {
  const wanted = [...meaningOf(wordsOf(sentence))].map(root).filter((stem) => !ASKING.has(stem));
  const scores = steps.map((step) => {
    const weights = weightsOf(step);
    return wanted.reduce((sum, stem) => sum + (weights.get(stem) ?? 0), 0);
  });
  const best = Math.max(0, ...scores);
  return best === 0 ? undefined : scores.indexOf(best);
}

function weightsOf({ title, actions }: ProseStep): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  const weigh = (text: string, other: number): void => {
    for (const [at, { stem }] of wordsOf(text).entries()) {
      const weight = at === 0 ? LEADS : other;
      weights.set(root(stem), Math.max(weights.get(root(stem)) ?? 0, weight));
    }
  };
  weigh(title, IN_TITLE);
  for (const action of actions) weigh(action, ANYWHERE);
  return weights;
}

/** `deployment` is of `deploy`, `production` of `produce`, `applied` of `apply`. */
function root(stem: string): string {
  const bare = stem.length > 7 ? stem.replace(/(?:ment|ion)$/, "") : stem;
  return bare.replace(/i$/, "y");
}
