import type { CST } from "yaml";
import { Composer, LineCounter, Parser, type Document, type ErrorCode, type Node } from "yaml";
import type { ParsedText, Problem } from "./infra-config.ts";
import { MAX_DEPTH, readYamlTree } from "./yaml-tree.ts";

/** The largest configuration that is read, in bytes. */
export const MAX_CONFIG_BYTES = 1024 * 1024;

export type TextFormat = "yaml" | "json" | "unknown";

/** The format that a file's name tells: `.yaml` and `.yml` are YAML, `.json` is JSON, all others are tried as JSON. */
export function formatOf(path: string): TextFormat {
  const extension = /\.[^./]*$/.exec(path)?.[0]?.toLowerCase();
  if (extension === ".yaml" || extension === ".yml") return "yaml";
  return extension === ".json" ? "json" : "unknown";
}

/** How a message about an unreadable text begins, by format. */
const FAILED: Record<TextFormat, string> = {
  yaml: "invalid YAML config",
  json: "invalid JSON config",
  unknown: "invalid config format (expected YAML or JSON)",
};

/** Our words for the library's parse errors; its own could quote the file. */
const YAML_ERRORS: Partial<Record<ErrorCode, string>> = {
  BAD_DQ_ESCAPE: "an escape sequence that YAML does not know, in a double-quoted text",
  BAD_INDENT: "wrong indentation",
  BAD_SCALAR_START: "a plain text cannot begin with this character; put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "a mapping where a single value was expected; look for a second ': ' on the line",
  KEY_OVER_1024_CHARS: "a key of more than 1024 characters",
  MISSING_CHAR: "a character is missing, such as a closing quote, a bracket, a comma, or the space after ':' or '-'",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line; a ':' may be missing",
  MULTIPLE_DOCS: "more than one document in the file ('---')",
  TAB_AS_INDENT: "a tab where spaces are needed",
  TAG_RESOLVE_FAILED: "a tag ('!name') that configurations do not have",
  UNEXPECTED_TOKEN: "something that does not belong here",
};

const EMPTY: ParsedText = { value: null, positionOf: () => undefined };

/**
 * A configuration's text → data with positions, or every problem that was found. Never throws for what the text
 * holds. YAML is 1.2 (core schema, merge keys followed); JSON is RFC 8259, with duplicate keys refused.
 */
export function parseInfraText(text: string | Uint8Array, format: TextFormat): { parsed: ParsedText; problems: Problem[] } {
  const fail = (problems: Problem[]) => ({
    parsed: EMPTY,
    problems: problems.slice(0, 20).map((problem) => opened(problem, format)),
  });
  const source = typeof text === "string" ? text : decodeUtf8(text);
  if (source === undefined) return fail([{ message: "the file is not UTF-8 text", path: "" }]);
  const nul = source.indexOf("\0");
  if (nul >= 0) return fail([{ message: "a NUL byte; this is not a text file", path: "", ...positionAt(source, nul) }]);
  const json = format !== "yaml" ? checkJson(source) : undefined;
  if (json !== undefined) return fail([json]);
  const { parsed, problems } = readYaml(format === "yaml" ? source : spacesForTabs(source));
  return problems.length > 0 ? fail(problems) : { parsed, problems };
}

function opened(problem: Problem, format: TextFormat): Problem {
  return { ...problem, message: `${FAILED[format]}: ${problem.message}` };
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** In valid JSON a raw tab is whitespace only, so that the YAML reader (positions, duplicate keys) can take the rest as it is. */
function spacesForTabs(json: string): string {
  return json.replaceAll("\t", " ");
}

function checkJson(source: string): Problem | undefined {
  const text = source.replace(/^\uFEFF/, " ");
  if (!isJson(text))
    return {
      message: text.trim() === "" ? "the file is empty" : "something that does not belong here",
      path: "",
      ...positionAt(text, jsonFaultAt(text)),
    };
  return undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Where a text stops being the beginning of a JSON text. Not every message of JSON.parse tells; so the shortest wrong beginning is searched by halving. */
function jsonFaultAt(text: string): number {
  let right = 0;
  let wrong = text.length;
  while (right < wrong) {
    const length = Math.floor((right + wrong) / 2);
    if (canBeContinued(text.slice(0, length + 1))) right = length + 1;
    else wrong = length;
  }
  return right;
}

function canBeContinued(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    const offset = /at position (\d+)/.exec(message)?.[1];
    return offset === undefined ? /end of JSON input/.test(message) : Number(offset) >= beginning.length || /Unterminated/.test(message);
  }
}

function positionAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

function readYaml(source: string): { parsed: ParsedText; problems: Problem[] } {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const refuse = (problems: Problem[]) => ({ parsed: EMPTY, problems });
  const tokens = [...new Parser(lines.addNewLine).parse(source)];
  const deep = tokenBelow(tokens, MAX_DEPTH);
  if (deep !== undefined) return refuse([{ message: `nested more than ${MAX_DEPTH} levels deep`, path: "", ...at(deep) }]);
  const composer = new Composer({
    lineCounter: lines,
    prettyErrors: false,
    intAsBigInt: true,
    version: "1.2",
    schema: "core",
    uniqueKeys: false,
    logLevel: "error",
  });
  const [document, second] = [...composer.compose(tokens, true, source.length)] as (Document.Parsed | undefined)[];
  if (document === undefined) return refuse([]);
  if (second !== undefined) return refuse([{ message: YAML_ERRORS.MULTIPLE_DOCS!, path: "", ...at(second.range[0]) }]);
  const faults = [...document.errors, ...document.warnings];
  if (faults.length === 0) return readYamlTree(document.contents as Node | null, lines);
  return refuse(
    faults.map(({ code, pos }) => {
      const { line, column } = at(pos[0]);
      return { message: YAML_ERRORS[code] ?? "something that YAML does not allow here", path: "", line, column };
    }),
  );
}

/**
 * The offset of a token nested deeper than `limit`, or undefined. Looked for before the tree is composed, which goes
 * by recursion: a hundred thousand open brackets would exhaust the stack, and at its very end V8 aborts the process
 * when a regular expression has to be compiled there.
 */
function tokenBelow(tokens: readonly CST.Token[], limit: number): number | undefined {
  const waiting: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: -1 }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > limit) return token.offset;
    const parts = token.type === "document" ? [token.value] : "items" in token ? token.items.flatMap((item) => [item.key, item.value]) : [];
    for (const part of parts) if (part !== undefined && part !== null) waiting.push({ token: part, depth: depth + 1 });
  }
  return undefined;
}
