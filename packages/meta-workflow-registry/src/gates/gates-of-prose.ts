import { isTheAsking, precedesApproval, waitsForApproval, withoutWaiting, type AskKind } from "./asking-words.ts";
import { asksInExample } from "./example-asks.ts";
import { stepMeant, type ProseStep } from "./step-meant.ts";

/** What a workflow in prose says of people. */
export interface Prose {
  readonly steps: readonly ProseStep[];
  /** `User: …`, `AI: …`, `[what is done]`. */
  readonly example?: string;
  /** What it asks before, where it says so outright. The example is not read for it then. */
  readonly asks_before?: readonly string[];
}

/** A place between steps at which a run waits for a person. */
export interface Gate {
  readonly kind: AskKind;
  /** Index of the step that comes after; the number of steps where it stands at the end. */
  readonly before: number;
  /** The words by which it is known. */
  readonly words: string;
  readonly said_in: "asks_before" | "step" | "example";
  /** The step that says it. */
  readonly step?: number;
  /** False: no step shares a word with it, and the place is a guess on the safe side. */
  readonly named: boolean;
}

const MOST_WORDS = 160;

/**
 * The gates that a workflow's prose asks for, in the order of its steps, at most one of a kind at one place. What is said outright
 * and what a step says of itself comes first; the example of use is read where nothing is said outright. A question that names no
 * step stands before the last one, or before the first where nothing has been done by then; an approval that comes last of all
 * stands at the end. The same text gives the same gates.
 */
export function gatesOfProse({ steps, example = "", asks_before = [] }: Prose): Gate[] {
  if (steps.length === 0) return [];
  const found: Gate[] = [];
  for (const words of asks_before) found.push({ ...placeOf(words, steps, true), kind: "yes", words, said_in: "asks_before" });
  for (const [index, { title, actions }] of steps.entries()) {
    const words = actions.find(waitsForApproval) ?? (waitsForApproval(title) ? title : undefined);
    if (words === undefined) continue;
    const isAsking = isTheAsking(words) || isTheAsking(title);
    found.push({ kind: "yes", before: isAsking ? index + 1 : index, words, said_in: "step", step: index, named: true });
  }
  if (asks_before.length === 0) {
    for (const { kind, words, later } of asksInExample(example))
      found.push({ ...placeOf(words, steps, later), kind, words, said_in: "example" });
  }
  const places = new Map<string, Gate>();
  for (const gate of found) {
    const place = `${gate.before} ${gate.kind}`;
    if (!places.has(place)) places.set(place, { ...gate, words: gate.words.slice(0, MOST_WORDS) });
  }
  return [...places.values()].toSorted((a, b) => a.before - b.before || (a.kind === b.kind ? 0 : a.kind === "answer" ? -1 : 1));
}

function placeOf(words: string, steps: readonly ProseStep[], later: boolean): Pick<Gate, "before" | "named"> {
  // An approval that comes after the work is no gate inside it: all of the work is done by then.
  if (precedesApproval(words) || /\bis (?:approved|accepted|signed off|merged)\b/i.test(words))
    return { before: steps.length, named: true };
  const meant = stepMeant(withoutWaiting(words), steps);
  if (meant !== undefined) return { before: meant, named: true };
  return { before: later ? steps.length - 1 : 0, named: false };
}
