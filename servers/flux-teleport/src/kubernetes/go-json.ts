import { OpsError } from "@platform-ops/errors";

/**
 * Emits any value as JSON on one line, from inside a Go template. kubectl's jsonpath and custom columns print strings as they
 * are, so that a newline in a message, or in a text that came from somebody's repository, would forge a row; `%q` quotes them.
 */
export const JSON_TEMPLATE = [
  `{{define "j"}}{{$t:=printf "%T" .}}`,
  `{{if eq $t "string"}}{{printf "%q" .}}`,
  `{{else if eq $t "map[string]interface {}"}}{{"{"}}{{$s:=""}}{{range $k,$v:=.}}{{$s}}{{printf "%q" $k}}:{{template "j" $v}}{{$s = ","}}{{end}}{{"}"}}`,
  `{{else if eq $t "[]interface {}"}}[{{$s:=""}}{{range .}}{{$s}}{{template "j" .}}{{$s = ","}}{{end}}]`,
  `{{else if eq $t "<nil>"}}null{{else}}{{printf "%v" .}}{{end}}{{end}}`,
].join("");

/** A Go string literal's escapes that JSON lacks. In what `%q` prints, each backslash begins an escape. */
const GO_ESCAPE = /\\(?:x([0-9a-f]{2})|U([0-9a-f]{8})|[^xU])/g;

const unit = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;

function jsonEscape(escape: string, byte?: string, rune?: string): string {
  if (byte !== undefined) return unit(Number.parseInt(byte, 16));
  if (rune !== undefined) {
    const code = Number.parseInt(rune, 16);
    return code > 0x10ffff
      ? "\\ufffd"
      : [...String.fromCodePoint(code)]
          .flatMap((one) => one.split(""))
          .map((one) => unit(one.charCodeAt(0)))
          .join("");
  }
  if (escape === "\\a") return "\\u0007";
  if (escape === "\\v") return "\\u000b";
  return escape;
}

/**
 * One line of the template's output → value.
 * @throws OpsError command_failed when it is no such line: something else printed into it.
 */
export function parseGoJson(line: string): unknown {
  try {
    return JSON.parse(line.replaceAll(GO_ESCAPE, jsonEscape));
  } catch (cause) {
    throw new OpsError("command_failed", "Error parsing kubectl output: a line is not of the form that was asked for.", {
      hint: "Look at the machine's login scripts and at what `kubectl` is there: something else prints to its standard output.",
      cause,
    });
  }
}
