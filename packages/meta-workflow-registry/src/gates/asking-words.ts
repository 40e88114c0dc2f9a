// By which words somebody is asked, in English prose. Few and plain on purpose: what is not clearly a question to a person is none.

/** What a sentence asks a person for: a yes, or an answer in words. */
export type AskKind = "yes" | "answer";

const YES = [
  /\b(?:shall|should|may|can|could|must) (?:i|we|it|this|they)\b/i,
  /\b(?:do|would) you (?:want|like|agree|approve|confirm|mind)\b/i,
  /^\W*(?:ok(?:ay)?|ready|all right|proceed|continue|go ahead|approved?|confirm(?:ed)?|agreed)\b/i,
];
/** What nothing depends on. */
const POLITE = /\b(?:anything|something) else\b|\belse (?:can|could|may|shall) i\b|\bcan i help\b|\bhow can i\b/i;
const APPROVAL = String.raw`(?:approvals?|sign-?offs?|go-?aheads?|consent|confirmation|permission)`;
const AWAITED = new RegExp(
  String.raw`\b(?:after|once|upon|pending|awaiting|awaits?|with|needs?|requires?|requiring|waits? for|waiting for|ask(?:s|ed)? for|gets?|obtains?|requests?)\b[^.;:()]{0,40}?\b(?:${APPROVAL}|approved|(?:decision|answer|yes) of|(?:user|owner|operator|person|people|human|team|reviewer)(?:['’]s)? (?:decision|answer|yes))\b(?: of [\w ]{1,40})?`,
  "i",
);
const BEFORE_APPROVAL = new RegExp(String.raw`\b(?:before|until|prior to)\b[^.;:()]{0,40}?\b(?:${APPROVAL}|approved)\b`, "i");
const NOT_NEEDED = new RegExp(String.raw`\b(?:without|no|not|never|n['’]t)\b[^.;:()]{0,30}\b(?:${APPROVAL}|approved)\b`, "i");
const OFFERED =
  /\bready (?:to|for)\b|\bcan (?:now |then |safely )?be (?:applied|added|deployed|merged|released|rolled out|shipped|published|switched|promoted)\b/i;

/** What a question asks for; nothing where the sentence is no question, or one out of politeness. */
export function questionIn(sentence: string): AskKind | undefined {
  if (!/\?\W*$/.test(sentence) || POLITE.test(sentence)) return undefined;
  return YES.some((words) => words.test(sentence)) ? "yes" : "answer";
}

/** True where the sentence says that what it tells of waits for an approval (`Bypass staging, with approval`). */
export function waitsForApproval(sentence: string): boolean {
  return AWAITED.test(sentence) && !NOT_NEEDED.test(sentence);
}

/** True where what the sentence tells of comes before an approval, which comes last (`we fix these before approval`). */
export function precedesApproval(sentence: string): boolean {
  return BEFORE_APPROVAL.test(sentence) && !NOT_NEEDED.test(sentence);
}

/** True where something is offered that was not done (`ready for production`, `can be applied now`). */
export function offers(sentence: string): boolean {
  return OFFERED.test(sentence);
}

/** True for an action that is nothing but the asking: what was asked about comes after it. */
export function isTheAsking(action: string): boolean {
  return /^\W*(?:ask|wait|get|obtain|request|await|where\b[^:]*: *(?:wait|ask))/i.test(action) && waitsForApproval(action);
}

/** The sentence without what says that it waits, which names no step. */
export function withoutWaiting(sentence: string): string {
  return sentence.replace(BEFORE_APPROVAL, " ").replace(AWAITED, " ");
}
