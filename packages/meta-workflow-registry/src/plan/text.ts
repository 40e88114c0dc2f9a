import { duration, plainLine } from "../page/plain-text.ts";
import type { Chance, DryRun, PlannedStep } from "./dry-run.ts";

// About 2,000 tokens.
const MOST_CHARACTERS = 7_000;

/** A dry run in words, at most about 2,000 tokens; what is left out is counted. */
export function dryRunText(plan: DryRun, most = MOST_CHARACTERS): string {
  const lines = [
    `${plan.workflow} ${plan.version}: risk ${plan.risk}, effects ${plan.effects}; ${range(plan.actions)} agent actions, ${range(plan.questions)} questions, ${plan.approvals.length} approvals.`,
    ...part(
      "The inputs do not fit; it would be refused",
      plan.problems.map(({ input, message }) => `${input}: ${message}`),
    ),
    ...part(
      "Approvals",
      plan.approvals.map(
        (one) =>
          `${one.path} (${one.chance}): ${one.title}; ${one.people === 1 ? "one person" : `${one.people} people`}, at most ${duration(one.wait_at_most_ms)}${one.binds === undefined ? "" : `; binds ${plainLine(JSON.stringify(one.binds), 120)}`}`,
      ),
    ),
    ...part(
      "Calls",
      plan.calls.map(
        (call) =>
          `${call.kind} ${plainLine(call.name, 100)} by the ${call.by} (${call.chance})${call.available === false ? ": NOT THERE" : ""}`,
      ),
    ),
    ...part(
      "Locks",
      plan.locks.map(({ name, known }) => `${plainLine(name, 100)}${known ? "" : " (known when it runs)"}`),
    ),
    ...part("Secrets", plan.secrets),
    ...part(
      "Decided",
      plan.branches
        .filter(({ answer }) => answer !== "unknown")
        .map(({ path, question, answer }) => `${path}: ${question} is ${String(answer)}`),
    ),
    ...part(
      "Open",
      plan.branches.filter(({ answer }) => answer === "unknown").map(({ path, question, why }) => `${path}: ${question} ${why}`),
    ),
    ...part("Not known yet", plan.unknown),
  ];
  const head = fitted(lines, Math.floor(most * 0.55), "lines");
  return [...head, "Steps:", ...fitted(plan.steps.map(stepLine), most - head.join("\n").length - 80, "steps")].join("\n");
}

const MARKS: { readonly [chance in Chance]: string } = { will: "+", may: "?", never: "-" };

function stepLine(step: PlannedStep): string {
  const effects = step.effects === "none" ? "" : `, ${step.effects}`;
  return `${MARKS[step.chance]} ${step.path}: ${step.title} [${step.type}, ${step.who}${effects}]${step.why === undefined ? "" : ` ${step.why}`}`;
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}:`, ...lines.map((line) => `- ${plainLine(line, 300)}`)];
}

function fitted(lines: readonly string[], most: number, what: string): string[] {
  let length = 0;
  const kept = lines.findIndex((line) => (length += line.length + 1) > most);
  return kept < 0 ? [...lines] : [...lines.slice(0, kept), `… ${lines.length - kept} more ${what}`];
}

function range({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? String(min) : `${min}–${max}`;
}
