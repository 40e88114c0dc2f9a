import { paint, printable, type Terminal } from "@platform-ops/ledger";
import type { Problem } from "@platform-ops/meta-workflow-registry";

/** `file:line:column: error CODE: message`, and below it what to write instead. Nothing of a file can move the cursor. */
export function problemText({ file, line, column, severity, code, message, suggestion }: Problem): string {
  const text = `${file ?? "?"}:${line}:${column}: ${severity} ${code}: ${message}`;
  return oneLine(text) + (suggestion === undefined ? "" : `\n    → ${oneLine(suggestion)}`);
}

/** The same, how bad it is in colour. */
export function paintedProblem(problem: Problem, terminal: Pick<Terminal, "color">): string {
  const { severity, code } = problem;
  return problemText(problem).replace(
    `: ${severity} ${code}`,
    () => `: ${paint(terminal, severity === "error" ? "bad" : "warning", severity)} ${code}`,
  );
}

/** Counts with their nouns. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** One line of a terminal. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(/\s*\n\s*/g, " ");
}
