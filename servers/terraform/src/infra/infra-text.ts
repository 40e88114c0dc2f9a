import { LineCounter, parseDocument, type ErrorCode } from "yaml";
import type { ParsedText, Problem } from "./infra-config.ts";
import { readYamlTree } from "./yaml-tree.ts";

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
  DUPLICATE_KEY: "the same key is written twice",
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
  const fail = (problems: Problem[]) => ({ parsed: EMPTY, problems: problems.map((p) => ({ ...p, message: `${FAILED[format]}: ${p.message}` })) });
  const source = typeof text === "string" ? text : decodeUtf8(text);
  if (source === undefined) return fail([{ message: "the file is not UTF-8 text", path: "" }]);
  const nul = source.indexOf("\0");
  if (nul >= 0) return fail([{ message: "a NUL byte; this is not a text file", path: "", ...positionAt(source, nul) }]);
  const json = format !== "yaml" ? checkJson(source) : undefined;
  if (json !== undefined) return fail([json]);
  try {
    const { parsed, problems } = readYaml(format === "yaml" ? source : spacesForTabs(source));
    return problems.length > 0 ? fail(problems) : { parsed, problems };
  } catch (error) {
    // The parser descends by recursion: only thousands of open brackets exhaust the stack.
    if (error instanceof RangeError) return fail([{ message: "nested too deeply", path: "" }]);
    throw error;
  }
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
  try {
    JSON.parse(source.replace(/^\uFEFF/, ""));
    return undefined;
  } catch (error) {
    const offset = /at position (\d+)/.exec(String(error))?.[1];
    const place = offset === undefined ? (/end of JSON/.test(String(error)) ? positionAt(source, source.length) : {}) : positionAt(source, Number(offset));
    return { message: source.trim() === "" ? "the file is empty" : "something that does not belong here", path: "", ...place };
  }
}

function positionAt(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

function readYaml(source: string): { parsed: ParsedText; problems: Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, intAsBigInt: true, version: "1.2", schema: "core", uniqueKeys: true, logLevel: "silent" });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    const problems = faults.slice(0, 20).map((fault) => {
      const { line, col } = lines.linePos(fault.pos[0]);
      return { message: YAML_ERRORS[fault.code] ?? "something that YAML does not allow here", path: "", line, column: col };
    });
    return { parsed: EMPTY, problems };
  }
  return readYamlTree(document.contents, lines);
}
