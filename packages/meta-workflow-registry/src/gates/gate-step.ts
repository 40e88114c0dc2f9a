import type { Gate } from "./gates-of-prose.ts";

/** What a gate is about, in words that hold no expressions. */
export interface GateSubject {
  readonly id: string;
  /** Title of the step that comes after; nothing at the end. */
  readonly before?: string;
  readonly words: string;
  /** Ids of the steps whose results the person sees, and to which the decision is bound. */
  readonly reported: readonly string[];
  /** What else the decision is bound to. */
  readonly about?: Readonly<Record<string, string>>;
}

/** A gate as a step of a definition: an approval for a yes, a question for an answer in words. */
export function gateStep(kind: Gate["kind"], { id, before, words, reported, about = {} }: GateSubject): Record<string, unknown> {
  const place = before === undefined ? "At the end" : `Before “${before}”`;
  const title = `${place}: ${words}`.slice(0, 200);
  if (kind === "answer") {
    return {
      id,
      type: "ask",
      title,
      question: words,
      result: {
        type: "object",
        required: ["answer"],
        additionalProperties: false,
        properties: { answer: { type: "string", minLength: 1, maxLength: 4_000 } },
      },
    };
  }
  const results = Object.fromEntries(reported.map((step) => [step, `\${{ steps.${step}.output }}`]));
  const subject = { asked: words, ...(before === undefined ? {} : { before }), ...about };
  return {
    id,
    type: "approval",
    title,
    subject,
    bind: { ...subject, reported: results },
    show: { reported: results },
    on_timeout: "reject",
  };
}
