/** Something wrong or doubtful in a text that a person wrote, with the place to look at. Both halves of this package report these. */
export interface Problem {
  /** Stable: people and tests rely on it. In definitions the codes of definition/codes.ts, in registries snake_case. */
  readonly code: string;
  /** An error keeps the text from being used; a warning does not. */
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly file?: string;
  /** 1-based. */
  readonly line: number;
  /** 1-based. */
  readonly column: number;
  /** Where in the typed value, as `steps[2].argv`; only where there is one. */
  readonly path?: string;
  /** What to write instead, in one sentence. */
  readonly suggestion?: string;
}
