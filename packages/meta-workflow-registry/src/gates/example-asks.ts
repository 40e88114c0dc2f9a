import { offers, precedesApproval, questionIn, waitsForApproval, type AskKind } from "./asking-words.ts";

/** A place of an example at which a person is asked. */
export interface Ask {
  readonly kind: AskKind;
  /** The sentence, as it is written. */
  readonly words: string;
  /** Something was shown as done before. */
  readonly later: boolean;
}

const SPEAKER = /^\s{0,12}(?:[-*>] )?\*{0,2}([\p{L}][\p{L}\p{N} _-]{0,40}?)\*{0,2}:\*{0,2}\s?(.*)$/u;
const CARRIES_OUT = /\b(?:ai|assistant|agents?|bot|claude|copilot|model)\b/i;
const MOST_LINES = 2_000;

interface Turn {
  readonly lines: string[];
  readonly later: boolean;
}

/**
 * Where the one who carries a workflow out asks a person, read from an example of its use: who speaks stands before a colon, what
 * is done stands in brackets. Only the end of a turn counts, since only there somebody waits; the last turn of all may also
 * offer instead of asking.
 */
export function asksInExample(example: string): Ask[] {
  const turns = turnsOf(example);
  return turns.flatMap((turn, index) => {
    const sentences = turn.lines.flatMap((line) =>
      line
        .split(/(?<=[.?!])["”']?\s+/)
        .map((sentence) => sentence.replaceAll(/^[\s"“”'•*-]+|[\s"“”']+$/g, ""))
        .filter((sentence) => /\p{L}/u.test(sentence)),
    );
    const words = sentences.at(-1);
    if (words === undefined) return [];
    const later = turn.later || sentences.length > 1;
    const question = questionIn(words);
    if (question !== undefined) return [{ words, kind: question, later }];
    const waits = waitsForApproval(words) || precedesApproval(words) || (index === turns.length - 1 && offers(words));
    return waits ? [{ words, kind: "yes" as const, later }] : [];
  });
}

/** What those who carry the workflow out say, in its order. */
function turnsOf(example: string): Turn[] {
  const turns: Turn[] = [];
  let current: Turn | undefined;
  let later = false;
  for (const text of example.split("\n", MOST_LINES)) {
    const [, speaker, words = ""] = SPEAKER.exec(text) ?? [];
    const opens = speaker !== undefined && (CARRIES_OUT.test(speaker) || /^(?:user|human|person|you|operator)$/i.test(speaker));
    if (opens) {
      current = CARRIES_OUT.test(speaker) ? { lines: [words], later } : undefined;
      if (current !== undefined) turns.push(current);
    } else if (/^\s*\[/.test(text)) {
      current = undefined;
      later = true;
    } else current?.lines.push(text);
  }
  return turns;
}
