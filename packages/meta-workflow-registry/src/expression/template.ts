import type { Json } from "../definition/definition.ts";
import { canonicalJson } from "./canonical-json.ts";
import { compileExpression, evaluate } from "./compile.ts";
import { ExpressionError } from "./expression-error.ts";
import { MAX_TEXT } from "./limits.ts";
import type { Scope } from "./scope.ts";

/** A piece of a text: words as they are, or an expression with its offset in the text. */
export type TemplatePart = { readonly text: string } | { readonly expression: string; readonly start: number; readonly end: number };

/**
 * Takes a text with `${{ expression }}` apart. `$${{` stands for `${{` itself.
 * @throws ExpressionError `expression_syntax` where an expression is not closed or empty.
 */
export function templateParts(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let words = "";
  let at = 0;
  for (let open = text.indexOf("${{"); open >= 0; open = text.indexOf("${{", at)) {
    if (text[open - 1] === "$" && open > at) {
      words += `${text.slice(at, open - 1)}\${{`;
      at = open + 3;
      continue;
    }
    words += text.slice(at, open);
    const close = endOfExpression(text, open + 3);
    const inside = text.slice(open + 3, close);
    const expression = inside.trim();
    if (close < 0) throw new ExpressionError("expression_syntax", "`${{` is not closed by `}}`.", text, { start: open, end: text.length });
    if (expression === "") throw new ExpressionError("expression_syntax", "`${{ }}` is empty.", text, { start: open, end: close + 2 });
    if (words !== "") parts.push({ text: words });
    words = "";
    const start = open + 3 + inside.indexOf(expression);
    parts.push({ expression, start, end: start + expression.length });
    at = close + 2;
  }
  words += text.slice(at);
  if (words !== "" || parts.length === 0) parts.push({ text: words });
  return parts;
}

/** Where the `}}` is that ends an expression: not one in a string, nor one that closes maps. -1 where there is none. */
function endOfExpression(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"' || character === "'") {
      at = endOfString(text, at);
      if (at < 0) return -1;
    } else if (character === "{") depth++;
    else if (character === "}" && depth > 0) depth--;
    else if (character === "}" && text[at + 1] === "}") return at;
  }
  return -1;
}

/** Offset of a string's last quote, as the language's parser finds it: a backslash keeps a quote from ending it in raw strings too. */
function endOfString(text: string, open: number): number {
  const quote = text.startsWith(text.charAt(open).repeat(3), open) ? text.charAt(open).repeat(3) : text.charAt(open);
  for (let at = open + quote.length; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text.startsWith(quote, at)) return at + quote.length - 1;
  }
  return -1;
}

/** All expressions of a template, in order, with the path to the string they stand in. @throws ExpressionError as `templateParts`. */
export function templateExpressions(
  template: Json,
): { readonly path: readonly (string | number)[]; readonly source: string; readonly offset: number }[] {
  const found: { path: readonly (string | number)[]; source: string; offset: number }[] = [];
  const walk = (value: Json, path: readonly (string | number)[]): void => {
    if (typeof value === "string") {
      for (const part of partsOf(value)) if ("expression" in part) found.push({ path, source: part.expression, offset: part.start });
    } else if (Array.isArray(value)) value.forEach((item: Json, index) => walk(item, [...path, index]));
    else if (value !== null && typeof value === "object") for (const [key, field] of Object.entries(value)) walk(field, [...path, key]);
  };
  walk(template, []);
  return found;
}

const kept = new Map<string, TemplatePart[]>();
const KEPT = 2_000;
const PLAIN: TemplatePart[] = [];

function partsOf(text: string): readonly TemplatePart[] {
  if (!text.includes("${{")) return PLAIN;
  let parts = kept.get(text);
  if (parts === undefined) {
    parts = templateParts(text);
    if (kept.size >= KEPT) kept.clear();
    kept.set(text, parts);
  }
  return parts;
}

/**
 * A template with its expressions filled in. A string that is only one `${{ }}` yields the expression's typed value; in mixed
 * text, texts stand as they are and all else as JSON. Keys of maps are never filled in.
 * @throws ExpressionError of any expression in it, and `expression_limit` for a text that grows too long.
 */
export function fillTemplate(template: Json, scope: Scope): Json {
  if (typeof template === "string") return fillText(template, scope);
  if (template === null || typeof template !== "object") return template;
  if (Array.isArray(template)) return template.map((item: Json) => fillTemplate(item, scope));
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fillTemplate(value, scope)]));
}

/** As `fillTemplate` for a text that must stay one: values stand in it as text. */
export function fillToText(template: string, scope: Scope): string {
  const value = fillText(template, scope);
  return typeof value === "string" ? value : canonicalJson(value);
}

function fillText(template: string, scope: Scope): Json {
  const parts = partsOf(template);
  if (parts === PLAIN) return template;
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && "expression" in only) return evaluate(compileExpression(only.expression), scope);
  let text = "";
  for (const part of parts) {
    const value = "text" in part ? part.text : evaluate(compileExpression(part.expression), scope);
    text += typeof value === "string" ? value : canonicalJson(value);
    if (text.length > MAX_TEXT)
      throw new ExpressionError("expression_limit", `A filled-in text has over ${MAX_TEXT} characters.`, template);
  }
  return text;
}
