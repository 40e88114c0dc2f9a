import type { z } from "zod";
import type { Problem } from "../problem.ts";
import { closestName } from "./closest-name.ts";
import { DEFINITION_CODES, type DefinitionCode } from "./codes.ts";
import { MAX_PROBLEMS } from "./limits.ts";
import type { Path, YamlText } from "./yaml-text.ts";

export interface ProblemDetails {
  /** The place of the key rather than of its value. */
  readonly key?: boolean;
  /** The place of a part of the text at the path. */
  readonly within?: { readonly text: string; readonly offset: number };
  readonly suggestion?: string | undefined;
  readonly severity?: Problem["severity"];
}

/** Collects problems with their places. */
export class ProblemList {
  readonly #problems: Problem[] = [];
  readonly #yaml: Pick<YamlText, "place"> | undefined;
  readonly #file: string | undefined;

  constructor(yaml: Pick<YamlText, "place"> | undefined, file: string | undefined) {
    this.#yaml = yaml;
    this.#file = file;
  }

  add(code: DefinitionCode, path: Path, message: string, details: ProblemDetails = {}): void {
    if (this.#problems.length >= MAX_PROBLEMS) return;
    const { line, column } = this.#yaml?.place(path, details) ?? { line: 1, column: 1 };
    const severity = details.severity ?? DEFINITION_CODES[code].severity;
    const problem = {
      code,
      severity,
      message,
      ...(this.#file === undefined ? {} : { file: this.#file }),
      line,
      column,
      path: jsonPath(path),
    };
    this.#problems.push(details.suggestion === undefined ? problem : { ...problem, suggestion: details.suggestion });
  }

  /** Line of a value. */
  line(path: Path): number | undefined {
    return this.#yaml?.place(path).line;
  }

  get failed(): boolean {
    return this.#problems.some(({ severity }) => severity === "error");
  }

  /** In the order of the text. */
  get all(): Problem[] {
    return this.#problems.toSorted((left, right) => left.line - right.line || left.column - right.column);
  }
}

/** `$.steps[2].then[0].if` */
export function jsonPath(path: Path): string {
  return `$${path.map((part) => (typeof part === "number" ? `[${part}]` : /^[A-Za-z_$][\w-]*$/u.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`)).join("")}`;
}

/** "Did you mean `x`? Accepted: `x`, `y`." */
export function suggestionFor(name: string, accepted: readonly string[]): string {
  const near = closestName(name, accepted);
  const shown = accepted.slice(0, 40).map((one) => `\`${one}\``);
  const list = accepted.length === 0 ? "" : `Accepted: ${shown.join(", ")}${accepted.length > 40 ? ", …" : ""}.`;
  return [near === undefined ? "" : `Did you mean \`${near}\`?`, list].filter((part) => part !== "").join(" ");
}

const NAME_FIELDS: ReadonlySet<unknown> = new Set(["id", "code", "as", "output_to", "guard", "task"]);

/** Fields whose absence has a code of its own. */
const MISSING: Readonly<Record<string, DefinitionCode>> = { bind: "WF130", max: "WF140" };

/** Adds what zod found, one problem for each key. `accepted` are the keys that may stand where an unknown one stands. */
export function addIssues(problems: ProblemList, issues: readonly z.core.$ZodIssue[], base: Path, accepted: readonly string[]): void {
  for (const issue of issues) {
    const inner = issue.path.filter((part) => typeof part !== "symbol");
    const path = [...base, ...inner];
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys) {
        const suggestion = inner.length === 0 ? suggestionFor(key, accepted) : undefined;
        problems.add("UNKNOWN_FIELD", [...path, key], `\`${key}\` is not a field here.`, { key: true, suggestion });
      }
    } else if (issue.code === "invalid_type" && issue.input === undefined) {
      const name = String(path.at(-1));
      problems.add(MISSING[name] ?? "MISSING_REQUIRED_FIELD", path, `\`${name}\` is missing.`, { suggestion: `Add \`${name}\`.` });
    } else addValueIssue(problems, issue, path);
  }
}

function addValueIssue(problems: ProblemList, issue: z.core.$ZodIssue, path: Path): void {
  const name = path.at(-1);
  const written = typeof name === "string" ? `\`${name}\`` : `\`${jsonPath(path)}\``;
  if (issue.code === "invalid_value") {
    const accepted = issue.values.map(String);
    problems.add("INVALID_VALUE", path, `${written} is none of the accepted values.`, {
      suggestion: suggestionFor(String(issue.input), accepted),
    });
  } else if (issue.code === "invalid_type") {
    const code = name === "version" ? "INVALID_VERSION_FORMAT" : "INVALID_TYPE";
    const suggestion = name === "version" ? 'Write it in quotes, as `"1.0.0"`.' : undefined;
    problems.add(code, path, `${written} must be ${article(issue.expected)}.`, { suggestion });
  } else if (issue.code === "invalid_format" || issue.code === "invalid_key") {
    const code =
      name === "version"
        ? "INVALID_VERSION_FORMAT"
        : NAME_FIELDS.has(name) || issue.code === "invalid_key"
          ? "INVALID_NAME_FORMAT"
          : "INVALID_VALUE";
    problems.add(code, path, `${written} must be ${issue.message}.`);
  } else if (issue.code === "too_small" || issue.code === "too_big") {
    problems.add(
      issue.code === "too_big" && issue.origin === "array" ? "TOO_LARGE" : "INVALID_VALUE",
      path,
      `${written}: ${issue.message}.`,
    );
  } else if (issue.code === "invalid_union" || issue.code === "custom") {
    const missing = issue.input === undefined;
    problems.add(
      missing ? "MISSING_REQUIRED_FIELD" : "INVALID_VALUE",
      path,
      missing ? `${written} is missing.` : `${written} must be ${issue.message}.`,
    );
  } else problems.add("INVALID_VALUE", path, `${written}: ${issue.message}.`);
}

function article(expected: string): string {
  const names: Readonly<Record<string, string>> = {
    record: "a map",
    object: "a map",
    array: "a list",
    int: "a whole number",
    string: "a text",
    boolean: "true or false",
  };
  return names[expected] ?? `a ${expected}`;
}
