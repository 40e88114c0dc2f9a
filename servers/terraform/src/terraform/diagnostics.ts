import { OpsError } from "@platform-ops/errors";

import { RULES, type Classified } from "./diagnostic-rules.ts";
import { parseLockInfo } from "./lock-info.ts";
import type { StepName } from "./step.ts";

/** A diagnostic of terraform or tofu, as far as we use it. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly summary: string;
  readonly detail: string;
  readonly address?: string;
  readonly file?: string;
  readonly line?: number;
}

/** What one diagnostic means; undefined for one that no rule knows. */
export function classifyDiagnostic(diagnostic: Diagnostic): Classified | undefined {
  const subject = `${diagnostic.summary}\n${diagnostic.detail}`;
  return RULES.find((candidate) => candidate.pattern.test(subject));
}

/** True where the program says that `init` must run first. */
export function saysInitNeeded(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error" && classifyDiagnostic(diagnostic)?.reason === "init_needed");
}

const isEcho = (diagnostic: Diagnostic): boolean => /^(?:execution halted|operation canceled)$/i.test(diagnostic.summary);

// Colours and other controls of programs that terraform ran; what turns the direction of text, or is invisible.
const CONTROLS =
  // eslint-disable-next-line no-control-regex
  /\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu;

/** In one line: what a provider says must not look like a line of ours. */
const inOneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

const shorten = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length - 1)}…`);

/** One diagnostic as a person reads it, at most about 700 characters: where, what, and the first paragraph of why. */
export function describeDiagnostic(diagnostic: Diagnostic): string {
  const place = [
    diagnostic.address,
    diagnostic.file === undefined ? undefined : `${diagnostic.file}${diagnostic.line === undefined ? "" : `:${diagnostic.line}`}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ");
  const detail = inOneLine(diagnostic.detail.split("\n\n").slice(0, 2).join(" "));
  return shorten(
    `${inOneLine(diagnostic.summary)}${place === "" ? "" : ` (${place})`}${detail === "" ? "" : `: ${detail}`}`.replace(CONTROLS, ""),
    700,
  );
}

const MAX_WARNINGS = 20;

/** What a program and its providers warn of, such as what is deprecated: masked, each once, at most 20 of 300 characters. */
export function describeWarnings(diagnostics: readonly Diagnostic[], redact: (text: string) => string): string[] {
  const words = diagnostics
    .filter((diagnostic) => diagnostic.severity === "warning")
    .map((diagnostic) =>
      shorten(describeDiagnostic({ ...diagnostic, summary: redact(diagnostic.summary), detail: redact(diagnostic.detail) }), 300),
    );
  return [...new Set(words)].slice(0, MAX_WARNINGS);
}

/** The errors of a failed program in the order of use: known ones first, echoes of an interrupt last or not at all. */
function ranked(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error");
  const telling = errors.filter((diagnostic) => !isEcho(diagnostic));
  const list = telling.length > 0 ? telling : errors.slice(0, 1);
  const rank = (diagnostic: Diagnostic): number => {
    const index = RULES.findIndex((candidate) => candidate.pattern.test(`${diagnostic.summary}\n${diagnostic.detail}`));
    return index < 0 ? RULES.length : index;
  };
  return list.sort((a, b) => rank(a) - rank(b));
}

/** What is known about a program that failed. */
export interface FailedProgram {
  readonly step: StepName;
  readonly kind: "terraform" | "tofu";
  readonly code: number | null;
  readonly signal?: string | null;
  readonly diagnostics: readonly Diagnostic[];
  /** What was not JSON: stderr and stray lines. */
  readonly stderr: string;
  readonly redact?: (text: string) => string;
}

const MAX_SHOWN = 5;

/** Human error text ("Error: …" or "│ Error: …" in a box) → diagnostic, for the commands that have no -json. */
export function diagnosticOfText(text: string): Diagnostic | undefined {
  // eslint-disable-next-line no-control-regex -- colour codes
  const plain = text.replace(/\u001b\[[0-9;]*m/g, "").replace(/^[│╷╵] ?/gm, "");
  const lines = plain.split("\n");
  const first = lines.findIndex((line) => /^Error\b/.test(line.trim()));
  if (first < 0) return undefined;
  const summary = (lines[first] ?? "").trim().replace(/^Error:\s*/, "");
  return {
    severity: "error",
    summary,
    detail: lines
      .slice(first + 1)
      .join("\n")
      .trim(),
  };
}

/**
 * A failed program as our failure: stable code, whether the same step may be tried again, and the useful part of its own
 * text, bounded and masked. `details.reason` is a stable word, `details.errors` the shown diagnostics.
 */
export function programFailure(failed: FailedProgram): OpsError {
  const fromText = failed.diagnostics.some((diagnostic) => diagnostic.severity === "error") ? undefined : diagnosticOfText(failed.stderr);
  const errors = ranked(fromText === undefined ? failed.diagnostics : [fromText]);
  const redact = failed.redact ?? ((text: string): string => text);
  // Masked before they are cut and joined: a part of a secret, or one without its line breaks, is not known as one.
  const shown = errors
    .slice(0, MAX_SHOWN)
    .map((diagnostic) =>
      redact(describeDiagnostic({ ...diagnostic, summary: redact(diagnostic.summary), detail: redact(diagnostic.detail) })),
    );
  const killed = failed.signal === undefined || failed.signal === null ? undefined : failed.signal;
  const known = errors.map(classifyDiagnostic).find((candidate) => candidate !== undefined);
  const outcome = known ?? {
    code: "command_failed" as const,
    reason: killed === undefined ? "failed" : "killed",
    retryable: killed !== undefined && failed.step !== "apply",
  };
  const lock =
    outcome.reason === "state_lock"
      ? errors.map((diagnostic) => parseLockInfo(diagnostic.detail)).find((info) => info !== undefined)
      : undefined;
  const ending = killed === undefined ? `exit code ${failed.code ?? "unknown"}` : `killed by ${killed}`;
  const text =
    shown.length > 0 ? shown.join("\n") : shorten(redact(failed.stderr.replace(CONTROLS, "").trim()).split("\n").slice(-5).join("\n"), 700);
  const more = errors.length > MAX_SHOWN ? `\n… and ${errors.length - MAX_SHOWN} more` : "";
  return new OpsError(outcome.code, `${failed.kind} ${failed.step} failed (${ending})${text === "" ? "" : `: ${text}`}${more}`, {
    retryable: outcome.retryable,
    ...(outcome.hint === undefined ? {} : { hint: outcome.hint }),
    details: { step: failed.step, reason: outcome.reason, exit_code: failed.code, errors: shown, ...(lock === undefined ? {} : { lock }) },
  });
}
