import type { AskSubject } from "./ask-state.ts";
import { formProblems } from "./form.ts";
import { prepare, type ServerDefinition } from "../server-definition.ts";
import type { Answer, Ask, Call } from "../tool.ts";

/** An answer as a client sent it: nothing of it is believed yet. */
export interface PresentedAnswer {
  readonly state: unknown;
  readonly action?: unknown;
  readonly content?: unknown;
  /** Set where no answer came, in words for the tool. */
  readonly note?: string;
}

/** An answer → the believed answer, or why not. Burns the question's state before anything else happens. */
export function believe(
  definition: ServerDefinition,
  given: PresentedAnswer,
  subject: AskSubject,
  call: Call,
): Answer | { refused: string } {
  const verdict = prepare(definition).asks.present(given.state, subject);
  if (!verdict.ok) return { refused: verdict.why };
  if (!call.canAsk) return { refused: "this client does not declare that it shows forms" };
  const { action, content, note } = given;
  if (action !== "accept" && action !== "decline" && action !== "cancel")
    return { refused: "its action is none of accept, decline, cancel" };
  if (content !== undefined && (typeof content !== "object" || content === null || Array.isArray(content)))
    return { refused: "its content is not an object" };
  return {
    action,
    binding: verdict.binding,
    ...(action === "accept" && content !== undefined && { content: content as Record<string, unknown> }),
    ...(note !== undefined && { note }),
  };
}

/** Why an accepted answer does not fit the form that was asked, or undefined. */
export function contentProblem(asked: Ask, answer: Answer): string | undefined {
  if (answer.action !== "accept") return undefined;
  const problems = formProblems(asked.ask.schema, answer.content);
  return problems.length > 0 ? `its content does not fit the form: ${problems.join("; ")}` : undefined;
}
