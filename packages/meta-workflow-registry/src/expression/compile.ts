import { EvaluationError, ParseError, TypeError as CelTypeError, type ASTNode, type ParseResult } from "@marcbachmann/cel-js";
import type { Json } from "../definition/definition.ts";
import { newEnvironment, newRunEnvironment } from "./environment.ts";
import { ExpressionError } from "./expression-error.ts";
import { MAX_SOURCE } from "./limits.ts";
import { isMeterExhausted, metered } from "./meter.ts";
import { meteredSource } from "./metered-source.ts";
import { plainTypes } from "./plain-types.ts";
import { referencesOf, type Reference } from "./references.ts";
import { scopeValues, wantedParts, type Scope } from "./scope.ts";
import { toJson } from "./values.ts";

/** An expression that was read and may be evaluated any number of times. */
export interface CompiledExpression {
  readonly source: string;
  readonly references: readonly Reference[];
  readonly ast: ASTNode;
  /** @internal Made on first use: an expression that is only checked need not run. */
  readonly run: () => ParseResult;
  /** @internal */
  readonly wanted: ReturnType<typeof wantedParts>;
}

const reading = newEnvironment(false);
const running = newRunEnvironment();

const kept = new Map<string, CompiledExpression>();
const KEPT = 2_000;

/**
 * Reads an expression; the same text is read once.
 * @throws ExpressionError `expression_syntax`, `expression_refused` (functions without bounds), `expression_limit`.
 */
export function compileExpression(source: string): CompiledExpression {
  const known = kept.get(source);
  if (known !== undefined) return known;
  if (source.length > MAX_SOURCE) {
    throw new ExpressionError("expression_limit", `An expression has at most ${MAX_SOURCE} characters; this one has ${source.length}.`, "");
  }
  const compiled = compile(source);
  if (kept.size >= KEPT) kept.clear();
  kept.set(source, compiled);
  return compiled;
}

function compile(source: string): CompiledExpression {
  let ast: ASTNode;
  try {
    ({ ast } = reading.parse(source));
  } catch (error) {
    throw inOurWords(error, source);
  }
  const references = referencesOf(ast, source);
  let parsed: ParseResult | undefined;
  return { source, ast, references, wanted: wantedParts(references), run: () => (parsed ??= running.parse(meteredSource(ast))) };
}

/**
 * The value of an expression. The same scope gives the same value on every machine.
 * @throws ExpressionError `expression_failed`, `expression_type` where an operator or function does not take such values, `expression_limit`.
 */
export function evaluate(compiled: CompiledExpression, scope: Scope): Json {
  try {
    return metered(scope.now, () => toJson(compiled.run()(scopeValues(scope, compiled.wanted))));
  } catch (error) {
    throw inOurWords(error, compiled.source);
  }
}

/** As `evaluate`, for conditions. @throws ExpressionError `expression_type` also where the value is no boolean. */
export function evaluateCondition(compiled: CompiledExpression, scope: Scope): boolean {
  const value = evaluate(compiled, scope);
  if (typeof value === "boolean") return value;
  const kind = value === null ? "null" : Array.isArray(value) ? "a list" : typeof value === "object" ? "a map" : `a ${typeof value}`;
  throw new ExpressionError(
    "expression_type",
    `A condition must be true or false; \`${shorten(compiled.source)}\` is ${kind}.`,
    compiled.source,
  );
}

const TYPE_CODES: ReadonlySet<string> = new Set([
  "no_such_overload",
  "no_matching_overload",
  "invalid_condition_type",
  "invalid_logical_operand",
  "invalid_comprehension_range",
  "unsupported_type",
]);

function inOurWords(error: unknown, source: string): ExpressionError {
  if (error instanceof ExpressionError) return error;
  if (isMeterExhausted(error)) return new ExpressionError("expression_limit", error.message, source);
  if (error instanceof ParseError) {
    const code = error.code.startsWith("limit") || /exceeded/iu.test(error.summary) ? "expression_limit" : "expression_syntax";
    return new ExpressionError(code, error.summary, source, error.range);
  }
  if (error instanceof EvaluationError || error instanceof CelTypeError) {
    const words = plainTypes(error.summary).replaceAll(/'__(\w+)\(/gu, "'$1(");
    return new ExpressionError(
      TYPE_CODES.has(error.code) ? "expression_type" : "expression_failed",
      `\`${shorten(source)}\`: ${words}`,
      source,
    );
  }
  const words = error instanceof Error ? error.message : String(error);
  return new ExpressionError("expression_failed", `\`${shorten(source)}\`: ${words}`, source);
}

const shorten = (text: string): string => (text.length > 120 ? `${text.slice(0, 119)}…` : text);
