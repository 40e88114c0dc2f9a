import { OpsError } from "@platform-ops/errors";

/**
 * Prints any value in Go's syntax, from inside a Go template. kubectl's jsonpath and custom columns print strings as they are, so
 * that a newline in a message, or in a text that came from somebody's repository, would forge a row; `%#v` quotes every string.
 * A template that recurses over the value to write JSON takes kubectl twice as long for a thousand pods.
 */
export const GO_VALUE = '{{printf "%#v" .}}';

/** A Go string literal's escapes that JSON lacks. In a literal each backslash begins an escape. */
const GO_ESCAPE = /\\(?:x([0-9a-f]{2})|U([0-9a-f]{8})|[^xU])/g;

/** What of Go's syntax is not JSON. Strings come first, so that nothing inside one is taken for syntax. */
const GO_TOKEN =
  /"(?:[^"\\]|\\.)*"|map\[string\](?:interface \{\}|any)\{|\[\](?:interface \{\}|any)\{|(?:interface \{\}|any)\(nil\)|<nil>|\}/g;

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;

function jsonEscape(escape: string, byte?: string, rune?: string): string {
  if (byte !== undefined) return unit(Number.parseInt(byte, 16));
  if (rune !== undefined) {
    const code = Number.parseInt(rune, 16);
    const units = code > 0x10ffff ? ["\ufffd"] : String.fromCodePoint(code).split("");
    return units.map((one) => unit(one.charCodeAt(0))).join("");
  }
  if (escape === "\\a") return "\\u0007";
  if (escape === "\\v") return "\\u000b";
  return escape;
}

function jsonOf(line: string): string {
  // Maps and lists both end with a brace: the last one that was opened tells which.
  const open: string[] = [];
  return line.replaceAll(GO_TOKEN, (token) => {
    if (token.startsWith('"')) return token.includes("\\") ? token.replaceAll(GO_ESCAPE, jsonEscape) : token;
    if (token === "}") return open.pop() ?? "}";
    if (token.endsWith(")") || token === "<nil>") return "null";
    open.push(token.startsWith("map") ? "}" : "]");
    return token.startsWith("map") ? "{" : "[";
  });
}

/** Characters of what could not be read. */
const SHOWN = 500;

/**
 * One line of the template's output → value.
 * @throws OpsError command_failed when it is no such line: something else printed into it.
 */
export function parseGoJson(line: string): unknown {
  try {
    return JSON.parse(jsonOf(line));
  } catch (cause) {
    throw new OpsError("command_failed", "Error parsing kubectl output: a line is not of the form that was asked for.", {
      hint: "Look at the machine's login scripts and at what `kubectl` is there: something else prints to its standard output.",
      details: { raw_output: line.slice(0, SHOWN) },
      cause,
    });
  }
}
