import { OpsError } from "@platform-ops/errors";

/** One thing that is wrong with the settings. */
export interface SettingProblem {
  /** Dotted name, or the name of the flag or variable that nothing has. */
  setting: string;
  /** "flag --x", "env X", "file <path>" with ":line" where it is known. */
  from: string;
  /** What is wrong and what is accepted. */
  message: string;
  example?: string;
}

/** All problems as one failure: a line each, and as data in `details.problems`. */
export function settingsInvalid(problems: readonly SettingProblem[]): OpsError {
  const lines = problems.map(
    ({ setting, from, message, example }) => `- ${setting} (${from}): ${message}${example === undefined ? "" : ` Example: ${example}`}`,
  );
  const head = problems.length === 1 ? "One setting is wrong:" : `${problems.length} settings are wrong:`;
  return new OpsError("settings_invalid", [head, ...lines].join("\n"), { details: { problems } });
}

/** A value as it may be shown: short, on one line, without control characters. */
export function shown(value: unknown): string {
  const text = (typeof value === "string" ? value : (JSON.stringify(value) ?? String(value))).replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    "?",
  );
  return `"${text.length > 60 ? `${text.slice(0, 60)}…` : text}"`;
}
