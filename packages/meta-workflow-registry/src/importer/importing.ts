import { closestName } from "../definition/closest-name.ts";
import { jsonPath } from "../definition/problem-list.ts";
import type { Place, Path } from "../definition/yaml-text.ts";
import type { Problem } from "../problem.ts";

/** What an import may report besides what the checking of definitions reports. */
export type ImportCode =
  | "YAML_PARSE_ERROR"
  | "TOO_LARGE"
  | "UNKNOWN_FORM"
  | "UNKNOWN_STEP_TYPE"
  | "UNKNOWN_FIELD"
  | "MISSING_REQUIRED_FIELD"
  | "INVALID_TYPE"
  | "UNTRANSLATED_TEMPLATE";

const MOST = 100;

/** Collects what an import found wrong and what it changed, each with its line. */
export class Importing {
  readonly problems: Problem[] = [];
  readonly #changes = new Map<string, { line: number; words: string }>();
  readonly #place: (path: Path) => Place;

  constructor(place: (path: Path) => Place) {
    this.#place = place;
  }

  /** Keeps the definition from being used. */
  error(code: ImportCode, path: Path, message: string, suggestion?: string): void {
    this.#add(code, "error", path, message, suggestion);
  }

  warning(code: ImportCode, path: Path, message: string, suggestion?: string): void {
    this.#add(code, "warning", path, message, suggestion);
  }

  /** Tells what became of something, once for each line. */
  told(path: Path, words: string): void {
    const { line } = this.#place(path);
    if (this.#changes.size < 1_000) this.#changes.set(`${line}: ${words}`, { line, words });
  }

  place(path: Path): Place {
    return this.#place(path);
  }

  get failed(): boolean {
    return this.problems.some(({ severity }) => severity === "error");
  }

  /** One line for each change, in the order of the text. */
  get changes(): string[] {
    return [...this.#changes.values()].toSorted((left, right) => left.line - right.line).map(({ line, words }) => `line ${line}: ${words}`);
  }

  #add(code: ImportCode, severity: Problem["severity"], path: Path, message: string, suggestion: string | undefined): void {
    if (this.problems.length >= MOST) return;
    const problem = { code, severity, message, ...this.#place(path), path: jsonPath(path) };
    this.problems.push(suggestion === undefined ? problem : { ...problem, suggestion });
  }
}

/** "Did you mean `x`?" with what there is. */
export function nearest(name: string, accepted: readonly string[]): string {
  const near = closestName(name, accepted);
  return `${near === undefined ? "" : `Did you mean \`${near}\`? `}There are: ${accepted.join(", ")}.`;
}
