import { compileExpression, ExpressionError } from "../../expression/index.ts";
import { partsOf, type Part } from "./blocks.ts";
import { asText, condition, textLiteral, tight, type Cel } from "./cel.ts";
import { celOf } from "./emit.ts";
import { withBound, type Names } from "./names.ts";
import { parseExpression } from "./parse.ts";
import { Refused } from "./refused.ts";

const MOST_TEXT = 64 * 1024;

/** True where a text has something of Jinja's. */
export function hasTemplate(text: string): boolean {
  return /\{[{%#]/.test(text);
}

/** A part of a text in our form: words, or a CEL expression. `block`: it came from `{% %}`. */
export type Piece = { readonly words: string } | { readonly cel: string; readonly block: boolean };

/** A text with Jinja's templates, in words and CEL. @throws Refused */
export function translatedPieces(text: string, names: Names): readonly Piece[] {
  if (text.length > MOST_TEXT) throw new Refused(`The text is longer than ${MOST_TEXT} characters.`);
  if (!hasTemplate(text)) return [{ words: text }];
  const pieces: Piece[] = [];
  for (const part of partsOf(text)) {
    if (part.kind === "text") pieces.push({ words: part.text });
    else
      pieces.push({
        cel: checked(part.kind === "value" ? celOf(part.node, names).source : blockOf(part, names).source),
        block: part.kind !== "value",
      });
  }
  return pieces;
}

/** A text with `{{ }}` as a text with `${{ }}`. @throws Refused */
export function translatedText(text: string, names: Names): string {
  return joinPieces(translatedPieces(text, names));
}

/** Pieces as one text of our form; what would read as an expression in the words is escaped. */
export function joinPieces(pieces: readonly Piece[]): string {
  let text = "";
  for (const piece of pieces) {
    if ("words" in piece) {
      text += piece.words.replaceAll("${{", "$$${{");
      continue;
    }
    // A dollar right before an expression would escape it.
    if (text.endsWith("$")) text = `${text.slice(0, -1)}\${{ '$' }}`;
    text += `\${{ ${piece.cel} }}`;
  }
  return text;
}

/** An expression that stands with or without `{{ }}`, as a condition or a value in CEL. @throws Refused */
export function translatedExpression(text: string, names: Names, as: "condition" | "value"): string {
  const cel = celOf(parseExpression(bareOf(text)), names);
  return checked(as === "condition" ? condition(cel) : cel.source);
}

function bareOf(text: string): string {
  const trimmed = text.trim();
  if (!hasTemplate(trimmed)) return trimmed;
  const inner = /^\{\{-?([^]*?)-?\}\}$/.exec(trimmed)?.[1];
  if (inner === undefined || inner.includes("{{")) throw new Refused("An expression is wanted: one `{{ }}`, and nothing around it.");
  return inner;
}

function checked(source: string): string {
  try {
    compileExpression(source);
    return source;
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const why =
      error.code === "expression_limit" ? "it is longer or deeper than an expression may be; divide the step, with `when`" : error.message;
    throw new Refused(`The translation cannot be used: ${why}.`);
  }
}

function blockOf(part: Part, names: Names): Cel {
  if (part.kind === "if") return ifOf(part, names);
  if (part.kind === "for") return forOf(part, names);
  return part.kind === "text" ? { source: textLiteral(part.text), text: true, tight: true } : celOf(part.node, names);
}

function bodyOf(parts: readonly Part[], names: Names): string {
  if (parts.length === 0) return "''";
  return parts.map((part) => asText(blockOf(part, names))).join(" + ");
}

function ifOf(part: Extract<Part, { kind: "if" }>, names: Names): Cel {
  let source = "''";
  for (const { when, body } of part.branches.toReversed()) {
    const then = bodyOf(body, names);
    source = when === undefined ? `(${then})` : `(${condition(celOf(when, names))} ? (${then}) : ${source})`;
  }
  return { source, text: true, tight: true };
}

function forOf({ names: bound, list, only, body }: Extract<Part, { kind: "for" }>, names: Names): Cel {
  const [first = "one", second] = bound;
  const fields = list.kind === "call" && list.of.kind === "field" && list.of.name === "items" ? list.of.of : undefined;
  if (second !== undefined && fields === undefined) throw new Refused("`for` with two names goes over `.items()` of a map.");
  if (fields !== undefined) return overFields(fields, first, second, only, body, names);
  const of = celOf(list, names);
  const usesLoop = JSON.stringify(body).includes('"name":"loop"');
  const variable = `each_${first}`.replaceAll(/[^A-Za-z0-9_]/g, "_");
  if (!usesLoop) {
    const inner = withBound(names, new Map([[first, { source: variable, tight: true }]]));
    const chosen = only === undefined ? tight(of) : `${tight(of)}.filter(${variable}, ${condition(celOf(only, inner))})`;
    return joined(`${chosen}.map(${variable}, ${bodyOf(body, inner)})`);
  }
  if (only !== undefined) throw new Refused("`loop` together with `for … if` is not translated.");
  const at = `at_${first}`.replaceAll(/[^A-Za-z0-9_]/g, "_");
  const inner = withBound(
    names,
    new Map([
      [first, { source: `${tight(of)}[${at}]`, tight: true }],
      ["loop", loopOf(at, of)],
    ]),
  );
  return joined(`range(size(${of.source})).map(${at}, ${bodyOf(body, inner)})`);
}

const joined = (source: string): Cel => ({ source: `join(${source}, '')`, text: true, tight: true });

function loopOf(at: string, of: Cel): Cel {
  const size = `size(${of.source})`;
  return {
    source: `{'index': ${at} + 1, 'index0': ${at}, 'first': ${at} == 0, 'last': ${at} == ${size} - 1, 'length': ${size}}`,
    tight: true,
  };
}

function overFields(
  of: Extract<Part, { kind: "for" }>["list"],
  first: string,
  second: string | undefined,
  only: Extract<Part, { kind: "for" }>["only"],
  body: readonly Part[],
  names: Names,
): Cel {
  const map = celOf(of, names);
  const key = `key_${first}`.replaceAll(/[^A-Za-z0-9_]/g, "_");
  const bound = new Map<string, Cel>([[first, { source: key, tight: true, text: true }]]);
  if (second !== undefined) bound.set(second, { source: `${tight(map)}[${key}]`, tight: true });
  const inner = withBound(names, bound);
  const keys = `keys(${map.source})`;
  const chosen = only === undefined ? keys : `${keys}.filter(${key}, ${condition(celOf(only, inner))})`;
  return joined(`${chosen}.map(${key}, ${bodyOf(body, inner)})`);
}
