/** What went wrong with an expression: it cannot be read, it asks for what is not allowed, its types do not fit, it failed on its data, or it grew too large. */
export type ExpressionErrorCode = "expression_syntax" | "expression_refused" | "expression_type" | "expression_failed" | "expression_limit";

/** A failure of an expression, worded for its author. `start` and `end` are offsets in `source`. Decide by `code`. */
export class ExpressionError extends Error {
  readonly code: ExpressionErrorCode;
  readonly source: string;
  readonly start: number;
  readonly end: number;

  constructor(code: ExpressionErrorCode, message: string, source: string, range?: { readonly start: number; readonly end: number }) {
    super(message);
    this.name = "ExpressionError";
    this.code = code;
    this.source = source;
    this.start = range?.start ?? 0;
    this.end = range?.end ?? source.length;
  }
}
