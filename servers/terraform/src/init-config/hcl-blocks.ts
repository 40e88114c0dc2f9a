/** A block of an HCL text as far as an importer needs it: expressions stay text. */
export interface HclBlock {
  type: string;
  labels: string[];
  /** Name → the expression as written, trimmed. */
  attributes: Map<string, string>;
  blocks: HclBlock[];
}

const MAX_BLOCK_DEPTH = 30;
const NAME = /[A-Za-z_][\w-]*/y;

/**
 * Reads blocks and attributes of HCL native syntax (terraform, terragrunt), without evaluating anything. Tolerant: what
 * it does not understand it passes over up to the end of the line, as the text may come from any version or be broken.
 * https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
 */
export function readHclBlocks(text: string): HclBlock {
  const root: HclBlock = { type: "", labels: [], attributes: new Map(), blocks: [] };
  const open = [root];
  let at = 0;
  while ((at = skipSpace(text, at)) < text.length) {
    if (text[at] === "}") {
      if (open.length > 1) open.pop();
      at++;
      continue;
    }
    const name = nameAt(text, at);
    if (name === undefined) {
      at = endOfExpression(text, at) + 1;
      continue;
    }
    const head = readHead(text, at + name.length);
    if (head.kind === "attribute") {
      const end = endOfExpression(text, head.at);
      open.at(-1)!.attributes.set(name, text.slice(head.at, end).trim());
      at = end;
    } else if (head.kind === "block" && open.length < MAX_BLOCK_DEPTH) {
      const block: HclBlock = { type: name, labels: head.labels, attributes: new Map(), blocks: [] };
      open.at(-1)!.blocks.push(block);
      open.push(block);
      at = head.at;
    } else at = endOfExpression(text, Math.max(head.at, at + name.length)) + 1;
  }
  return root;
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

/** What follows a name: `=` and an expression, or labels and `{`. */
function readHead(text: string, from: number): { kind: "attribute" | "block" | "other"; at: number; labels: string[] } {
  const labels: string[] = [];
  let at = from;
  for (;;) {
    while (text[at] === " " || text[at] === "\t") at++;
    if (text[at] === "=" && labels.length === 0 && text[at + 1] !== "=") return { kind: "attribute", at: at + 1, labels };
    if (text[at] === "{") return { kind: "block", at: at + 1, labels };
    if (text[at] === '"') {
      const end = endOfString(text, at);
      labels.push(text.slice(at + 1, end - 1));
      at = end;
      continue;
    }
    const name = nameAt(text, at);
    if (name === undefined) return { kind: "other", at, labels };
    labels.push(name);
    at += name.length;
  }
}

/** Past spaces, newlines, commas and comments. */
function skipSpace(text: string, from: number): number {
  let at = from;
  for (;;) {
    while (at < text.length && /[\s,]/.test(text[at]!)) at++;
    const end = endOfComment(text, at);
    if (end === at) return at;
    at = end;
  }
}

function endOfComment(text: string, at: number): number {
  if (text[at] === "#" || text.startsWith("//", at)) {
    const newline = text.indexOf("\n", at);
    return newline < 0 ? text.length : newline;
  }
  if (!text.startsWith("/*", at)) return at;
  const end = text.indexOf("*/", at + 2);
  return end < 0 ? text.length : end + 2;
}

/** The end of a quoted text that begins at `at`, after its closing quote; `${…}` inside may hold quotes of its own. */
function endOfString(text: string, at: number): number {
  let templates = 0;
  let isQuoted = true;
  for (let i = at + 1; i < text.length; i++) {
    const c = text[i];
    if (isQuoted && c === "\\") i++;
    else if (isQuoted && (c === "$" || c === "%") && text[i + 1] === "{" && text[i - 1] !== c) {
      templates++;
      isQuoted = false;
      i++;
    } else if (c === '"') {
      if (templates === 0) return i + 1;
      // Inside a template a quote opens a text of its own, or closes it; deeper nesting is rare enough to be cut at the line's end.
      isQuoted = !isQuoted;
    } else if (!isQuoted && c === "}") isQuoted = --templates === 0;
    else if (c === "\n") return i;
  }
  return text.length;
}

/** The end of an expression: the newline, comma or closing bracket outside of all brackets, texts and heredocs. */
function endOfExpression(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const c = text[at]!;
    if (c === '"') at = endOfString(text, at) - 1;
    else if (text.startsWith("<<", at)) at = endOfHeredoc(text, at) - 1;
    else if (endOfComment(text, at) > at) at = endOfComment(text, at) - 1;
    else if (c === "{" || c === "[" || c === "(") depth++;
    else if (c === "}" || c === "]" || c === ")") {
      if (depth === 0) return at;
      depth--;
    } else if (c === "\n" && depth === 0) return at;
  }
  return text.length;
}

function endOfHeredoc(text: string, at: number): number {
  const opening = /<<-?([A-Za-z_][\w-]*)[ \t]*\r?\n/y;
  opening.lastIndex = at;
  const match = opening.exec(text);
  if (match === null) return at + 2;
  for (let line = opening.lastIndex; line < text.length;) {
    const newline = text.indexOf("\n", line);
    const end = newline < 0 ? text.length : newline;
    if (text.slice(line, end).trim() === match[1]) return end;
    line = end + 1;
  }
  return text.length;
}

/** The attributes of an object expression (`{ a = 1, "b" : 2 }`), or undefined where it is none. */
export function objectEntries(expression: string): Map<string, string> | undefined {
  const text = expression.trim();
  if (!text.startsWith("{") || !text.endsWith("}")) return undefined;
  const entries = new Map<string, string>();
  for (const entry of splitItems(text.slice(1, -1))) {
    const match = /^\s*(?:"([^"\\$%]*)"|([A-Za-z_][\w-]*))\s*[=:](?!=)([^]*)$/.exec(entry);
    if (match === null) return undefined;
    entries.set(match[1] ?? match[2]!, match[3]!.trim());
  }
  return entries;
}

/** Items of a list or object, split at commas and newlines outside of brackets and texts; comments left out. */
function splitItems(inside: string): string[] {
  const items: string[] = [];
  for (let at = skipSpace(inside, 0); at < inside.length; at = skipSpace(inside, at)) {
    const end = endOfItem(inside, at);
    items.push(inside.slice(at, end).trim());
    at = Math.max(end, at + 1);
  }
  return items;
}

function endOfItem(text: string, from: number): number {
  const end = endOfExpression(text, from);
  let depth = 0;
  for (let at = from; at < end; at++) {
    if (text[at] === '"') at = endOfString(text, at) - 1;
    else if ("{[(".includes(text[at]!)) depth++;
    else if ("}])".includes(text[at]!)) depth--;
    else if (depth === 0 && (text[at] === "," || endOfComment(text, at) > at)) return at;
  }
  return end;
}

/** The value of an expression that is a plain literal (text without templates, number, true, false, null, lists and objects of those), or undefined. */
export function literal(expression: string | undefined, depth = 0): { value: unknown } | undefined {
  const text = expression?.trim() ?? "";
  if (depth > 20) return undefined;
  if (/^"(?:[^"\\$%]|\\["\\nrt]|[$%](?!\{))*"$/.test(text)) return { value: JSON.parse(text) as string };
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text)) return { value: Number(text) };
  if (text === "true" || text === "false" || text === "null") return { value: JSON.parse(text) as unknown };
  if (text.startsWith("[") && text.endsWith("]")) {
    const items = splitItems(text.slice(1, -1)).map((item) => literal(item, depth + 1));
    return items.includes(undefined) ? undefined : { value: items.map((item) => item!.value) };
  }
  const entries = objectEntries(text);
  if (entries === undefined) return undefined;
  const values = [...entries].map(([name, value]) => [name, literal(value, depth + 1)] as const);
  return values.some(([name, value]) => value === undefined || name === "__proto__")
    ? undefined
    : { value: Object.fromEntries(values.map(([name, value]) => [name, value!.value])) };
}

/** The text of an expression that is a plain text, or undefined. */
export function literalText(expression: string | undefined): string | undefined {
  const value = literal(expression)?.value;
  return typeof value === "string" ? value : undefined;
}
