import type { PresentedAnswer } from "./believe-answer.ts";
import { callTool, type CallOptions, type CallOutcome, type MintedAsk } from "./call-tool.ts";
import type { ServerDefinition } from "../server-definition.ts";

/** How long one form may stay open in the 2025 era, where a person's time counts against the call (clients wait 60 s). */
export const FORM_TIMEOUT_MS = 50_000;

/** At most this many forms in one call. */
const MAX_FORMS = 2;

/** Puts one question to the person and gives back what the client answered. Throws when it fails or takes too long. */
export type Elicit = (ask: MintedAsk, limit: { ms: number; signal: AbortSignal }) => Promise<{ action: unknown; content?: unknown }>;

/**
 * A call in the 2025 era: a question goes to the client as a request of ours, and its answer back into the call through
 * the same check as in the 2026 era. No answer in time, or a client that fails to draw the form, counts as cancel.
 */
export async function elicitOnce(
  definition: ServerDefinition,
  name: string,
  args: unknown,
  options: CallOptions,
  elicit: Elicit,
): Promise<CallOutcome> {
  let outcome = await callTool(definition, name, args, options);
  for (let forms = 0; outcome.ask && forms < MAX_FORMS; forms++) {
    const answer = await answerTo(outcome.ask, options.signal ?? new AbortController().signal, elicit);
    outcome = await callTool(definition, name, args, { ...options, answer });
  }
  // A tool that asks on and on is left with the words of its last question.
  const { ask: _, ...rest } = outcome;
  return outcome.ask ? { ...rest, isError: true } : outcome;
}

async function answerTo(ask: MintedAsk, signal: AbortSignal, elicit: Elicit): Promise<PresentedAnswer> {
  try {
    const { action, content } = await elicit(ask, { ms: FORM_TIMEOUT_MS, signal });
    return { state: ask.state, action, content };
  } catch {
    return {
      state: ask.state,
      action: "cancel",
      note: `no answer came within ${FORM_TIMEOUT_MS / 1000} s, or the client could not show the form`,
    };
  }
}
