import { cleanText } from "../registry/plain-text.ts";
import { plainLine } from "./plain-text.ts";

// A definition's words inside a page that is ours: they stay words. Inline marks, HTML and tables' bars are escaped; a start
// of a line can't occur, since every text is on one line behind words of ours.
const MARKS = /[\\`*[\]<>|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=[#A-Za-z])|!(?=\[)/g;
const STARTS = /^(?:[#>+-]|\d+(?=[.)]))/;

/** A text as one line of Markdown in which nothing is a mark. */
export function plainMarkdown(text: string, limit = 400): string {
  const line = plainLine(text, limit).replaceAll(MARKS, (mark) => `\\${mark}`);
  return STARTS.test(line)
    ? line.replace(/^(\d+)?(.)/, (_all, digits: string | undefined, mark: string) => `${digits ?? ""}\\${mark}`)
    : line;
}

/** A text as a code span, on one line; bars are escaped for tables. */
export function code(text: string, limit = 200): string {
  const line = plainLine(text, limit).replaceAll("|", "\\|");
  if (line === "") return "(empty)";
  const longest = Math.max(0, ...[...line.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `\`${line}\`` : `${fence} ${line} ${fence}`;
}

/** A text as a fenced block, as it stands, every line moved right by `indent` columns; no fence inside can end it. */
export function block(text: string, language: string, indent = 0, limit = 4_000): string {
  const cleaned = cleanText(text.length > limit ? `${text.slice(0, limit)}\n…` : text).text.replaceAll(/\r\n?/g, "\n");
  const longest = Math.max(2, ...[...cleaned.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  const lines = [`${fence}${language}`, ...cleaned.replace(/\n+$/, "").split("\n"), fence];
  return lines.map((line) => (line === "" ? "" : " ".repeat(indent) + line)).join("\n");
}
