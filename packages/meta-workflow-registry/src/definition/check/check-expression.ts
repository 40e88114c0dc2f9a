import type { ASTNode } from "@marcbachmann/cel-js";
import {
  checkTypes,
  compileExpression,
  ExpressionError,
  expressionFunctions,
  templateExpressions,
  type CompiledExpression,
  type Reference,
} from "../../expression/index.ts";
import type { Json } from "../definition.ts";
import { suggestionFor } from "../problem-list.ts";
import type { Path } from "../yaml-text.ts";
import { checkSecretsAlone } from "./check-secrets.ts";
import { readReference } from "./references.ts";
import type { Checking, View } from "./view.ts";

/** Checks all expressions in a value's texts. */
export function checkTemplate(template: Json, path: Path, view: View, checking: Checking): void {
  if (!hasExpressions(template)) return;
  try {
    for (const { path: inner, source } of templateExpressions(template))
      checkExpression(source, [...path, ...inner], view, checking, undefined);
    if (view.secrets) checkSecretsAlone(template, path, checking);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    checking.problems.add("INVALID_EXPRESSION", path, error.message, { within: { text: error.source, offset: error.start } });
  }
}

function hasExpressions(value: Json): boolean {
  if (typeof value === "string") return value.includes("${{");
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some((part: Json) => hasExpressions(part));
}

/** Checks one expression: that it can be read, that what it names exists and has run, and that its types fit. */
export function checkExpression(
  source: string,
  path: Path,
  view: View,
  checking: Checking,
  wants: "bool" | "list" | undefined,
): CompiledExpression | undefined {
  const compiled = compile(source, path, checking);
  if (compiled === undefined) return undefined;
  const { problems } = checking;
  const guarded = stepsAsked(compiled.references);
  let isSound = true;
  for (const reference of compiled.references) {
    const { problem } = readReference(reference, view, checking, guarded);
    if (problem === undefined) continue;
    isSound = false;
    const { code, message, suggestion } = problem;
    problems.add(code, path, message, { within: { text: source, offset: reference.start }, suggestion });
  }
  if (isSound) checkFit(compiled, path, view, checking, guarded, wants);
  return compiled;
}

function compile(source: string, path: Path, { problems }: Checking): CompiledExpression | undefined {
  try {
    return compileExpression(source);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problems.add(error.code === "expression_refused" ? "WF200" : "INVALID_EXPRESSION", path, error.message, {
      within: { text: source, offset: error.start },
    });
    return undefined;
  }
}

/** Steps of which an expression asks whether they ran. */
export function stepsAsked(references: readonly Reference[]): ReadonlySet<string> {
  return new Set(references.flatMap(({ path: [root, id], optional }) => (optional && root === "steps" && id !== undefined ? [id] : [])));
}

function checkFit(
  compiled: CompiledExpression,
  path: Path,
  view: View,
  checking: Checking,
  guarded: ReadonlySet<string>,
  wants: "bool" | "list" | undefined,
): void {
  const { source } = compiled;
  const { problems } = checking;
  const within = { text: source, offset: 0 };
  const check = checkTypes(
    compiled,
    (read) => readReference({ path: read, optional: false, start: 0, end: 0 }, view, checking, guarded).type,
  );
  if ("problem" in check) {
    problems.add("WF106", path, `\`${source}\`: ${check.problem}.`, { within, suggestion: functionSuggestion(check.problem) });
    return;
  }
  const { type } = check;
  if (wants === "bool" && type !== "bool" && type !== "dyn")
    problems.add("WF102", path, `A condition must be true or false; \`${source}\` gives ${type}.`, { within });
  if (wants === "list" && !type.startsWith("list") && type !== "dyn")
    problems.add("WF106", path, `A list is needed; \`${source}\` gives ${type}.`, { within });
  const division = integerDivision(compiled.ast);
  if (division !== undefined) {
    problems.add("WF104", path, "Both sides of this division are integers: the rest is dropped.", {
      within: { text: source, offset: division },
      suggestion: "Write one of them with a point, as `2.0`.",
    });
  }
}

const METHODS = [
  "size",
  "contains",
  "startsWith",
  "endsWith",
  "map",
  "filter",
  "all",
  "exists",
  "exists_one",
  "orValue",
  "has",
  "string",
  "int",
  "double",
  "bool",
  "timestamp",
  "duration",
  "type",
];

function functionSuggestion(words: string): string | undefined {
  const name = /no matching overload for '(?:[^'(]*\.)?(\w+)\(/u.exec(words)?.[1];
  if (name === undefined) return undefined;
  const signatures = expressionFunctions().map(({ signature }) => signature);
  const own = signatures.filter((signature) => signature.startsWith(`${name}(`));
  if (own.length > 0) return `It takes: ${own.map((signature) => `\`${signature}\``).join(", ")}.`;
  return suggestionFor(name, [...new Set([...signatures.map((signature) => signature.slice(0, signature.indexOf("("))), ...METHODS])]);
}

const INTEGERS: ReadonlySet<string> = new Set(["size", "round", "floor", "ceil", "int", "indexOf"]);

const isInteger = (node: ASTNode): boolean =>
  node.op === "value" ? typeof node.args === "bigint" : (node.op === "call" || node.op === "rcall") && INTEGERS.has(node.args[0]);

function integerDivision(node: ASTNode): number | undefined {
  if (node.op === "/" && isInteger(node.args[0]) && isInteger(node.args[1])) return node.start;
  const parts: unknown[] = Array.isArray(node.args) ? (node.args as unknown[]).flat(2) : [node.args];
  for (const part of parts) {
    const found = typeof part === "object" && part !== null && "op" in part ? integerDivision(part as ASTNode) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
