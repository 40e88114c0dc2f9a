import { OpsError, type ErrorCode, isOpsError } from "@platform-ops/errors";
import type { ToolResult } from "../tool.ts";

/** Of a file with hundreds of problems most have one cause: a model that reads twenty has read enough. */
const SHOWN_PROBLEMS = 20;

/** A failed call in both halves, with what only the log may hold. */
export interface Failure {
  readonly result: ToolResult;
  readonly code: ErrorCode;
  /** Set for what we did not foresee: for the log and the audit, never for the model. */
  readonly unexpected?: unknown;
}

/**
 * Shapes a thrown value into a result. A failure that we worded (OpsError) keeps its words: what happened, each problem,
 * the next call. Anything else becomes the id of the call; its message never reaches the model.
 */
export function refuse(error: unknown, call: { id: string; tool: string; signal?: AbortSignal }): Failure {
  if (isOpsError(error)) return { result: shape(error, call.id), code: error.code };
  if (call.signal?.aborted) return { result: shape(new OpsError("cancelled", `${call.tool} was cancelled.`), call.id), code: "cancelled" };
  const hidden = new OpsError("unexpected", `${call.tool} failed in a way that was not foreseen. Whether it took effect is not known.`, {
    hint: `Look at the state before you call ${call.tool} again, and report the id ${call.id}; details are in the server's log and audit.`,
  });
  return { result: shape(hidden, call.id), code: "unexpected", unexpected: error };
}

/** The result of a tool that gave its failure a shape of its own: its words and keys, and those that every failure has. */
export function explain(result: ToolResult, failure: OpsError, id: string): ToolResult {
  const { text, data } = shape(failure, id);
  return { text: result.text === "" ? text : `${result.text}\n${text}`, data: { ...result.data, ...data } };
}

function shape(error: OpsError, id: string): ToolResult {
  const { problems, ...others } = error.details;
  const lines = [`${error.code}: ${error.message}`];
  if (Array.isArray(problems)) lines.push(...problemLines(problems, error.message));
  const details =
    Array.isArray(problems) && problems.length > SHOWN_PROBLEMS
      ? { ...error.details, problems: problems.slice(0, SHOWN_PROBLEMS), problem_count: problems.length }
      : error.details;
  if (Object.keys(others).length > 0) lines.push(`Details: ${JSON.stringify(others)}`);
  lines.push(`Next: ${error.hint}`, `(call ${id}${error.retryable ? "; the same call may succeed later" : ""})`);
  return {
    text: lines.join("\n"),
    data: {
      error: {
        code: error.code,
        message: Array.isArray(problems) ? headline(error.message) : error.message,
        hint: error.hint,
        retryable: error.retryable,
        ...(Object.keys(details).length > 0 && { details }),
        call_id: id,
      },
    },
  };
}

/** What a message says before it lists problems, which the structured half has by themselves. */
function headline(message: string): string {
  return message.split("\n- ", 1)[0]!;
}

/** Problems as lines, without those that the message names already; of more than `most`, the first ones and their number. */
export function problemLines(problems: readonly unknown[], message: string, most = SHOWN_PROBLEMS): string[] {
  const isSaid = (problem: unknown): boolean => message.includes(String((problem as { message?: unknown } | null)?.message ?? problem));
  const shown = problems.slice(0, most).filter((problem) => !isSaid(problem));
  const rest = problems.length - most;
  return [...shown.map((problem) => `- ${problemLine(problem)}`), ...(rest > 0 && shown.length > 0 ? [`- and ${rest} more`] : [])];
}

/** One problem of `details.problems`, in the shape that the readers of input and of configurations give them, as a line. */
export function problemLine(problem: unknown): string {
  if (typeof problem !== "object" || problem === null) return String(problem);
  const { path, line, column, message, suggestion, example } = problem as Record<string, unknown>;
  const place = [path ? String(path) : "", line === undefined ? "" : `line ${line}${column === undefined ? "" : `, column ${column}`}`]
    .filter(Boolean)
    .join(", ");
  const said = [message, example === undefined ? "" : `example: ${example}`, suggestion === undefined ? "" : `did you mean ${suggestion}?`]
    .filter(Boolean)
    .join("; ");
  return `${place ? `${place}: ` : ""}${said}`;
}
