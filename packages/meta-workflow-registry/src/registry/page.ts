import type { Nodes, Root, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmTable } from "micromark-extension-gfm-table";
import { BOUNDS } from "./bounds.ts";

// The parser finds blocks only. Inline marks stay source: values are shown and written again as they stand, and the
// constructs that cost quadratic time on hostile text (emphasis, links, references) are not run at all.
const INLINE = [
  "attention",
  "autolink",
  "characterEscape",
  "characterReference",
  "codeText",
  "definition",
  "hardBreakEscape",
  "htmlText",
  "labelEnd",
  "labelStartImage",
  "labelStartLink",
];
// A title underlined by dashes: read again and again for every line, and `a` over `---` is a rule here.
const SETEXT = "setextUnderline";

/** A text as blocks of Markdown, with the source of each. */
export interface Page {
  readonly source: string;
  readonly blocks: readonly RootContent[];
}

/** Text → blocks. The text must be clean (`cleanText`) and within bounds (`tooNested`). */
export function parsePage(source: string): Page {
  const root: Root = fromMarkdown(source, {
    extensions: [gfmTable(), { disable: { null: [...INLINE, SETEXT] } }],
    mdastExtensions: [gfmTableFromMarkdown()],
  });
  return { source, blocks: root.children };
}

/** Where a node begins, 1-based. */
export function placeOf(node: Nodes): { line: number; column: number } {
  return { line: node.position?.start.line ?? 1, column: node.position?.start.column ?? 1 };
}

/** The source of a run of sibling nodes, its lines moved left by the column of the first, without white space at its ends. */
export function sourceOf(page: Page, nodes: readonly Nodes[]): string {
  const start = nodes[0]?.position?.start;
  const end = nodes.at(-1)?.position?.end;
  if (start?.offset === undefined || end?.offset === undefined) return "";
  const [first = "", ...rest] = page.source.slice(start.offset, end.offset).split(/\r\n|\r|\n/);
  return normalText([first, ...rest.map((line) => movedLeft(line, start.column - 1))].join("\n"));
}

/** The source of what a node contains: a heading's words, a cell's. One line. */
export function inlineOf(page: Page, node: { readonly children: readonly Nodes[] }): string {
  return oneLine(sourceOf(page, node.children));
}

function movedLeft(line: string, columns: number): string {
  let at = 0;
  for (let column = 0; column < columns && at < line.length; at += 1) {
    if (line[at] === "\t") {
      const width = 4 - (column % 4);
      if (column + width > columns) return " ".repeat(column + width - columns) + line.slice(at + 1);
      column += width;
    } else if (line[at] === " ") column += 1;
    else break;
  }
  return line.slice(at);
}

/** No white space at the ends of the text or of its lines. */
export function normalText(text: string): string {
  return text.replaceAll(/[^\S\n]+(?=\n|$)/g, "").trim();
}

/** A text on one line. */
export function oneLine(text: string): string {
  return normalText(text)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

// Controls but tab and line ends; what turns or hides text (bidirectional marks, zero-width characters but the joiners of
// emoji, line separators, tags); halves of characters.
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** Every hidden character as U+FFFD, of the same length, so that places stay; with the place of the first on each line. */
export function cleanText(text: string): { text: string; hidden: readonly { line: number; column: number; name: string }[] } {
  const hidden: { line: number; column: number; name: string }[] = [];
  const cleaned = text.replaceAll(HIDDEN, (found: string) => "\ufffd".repeat(found.length));
  if (cleaned === text) return { text, hidden };
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const found = line.search(HIDDEN);
    if (found < 0 || hidden.length >= BOUNDS.problems) continue;
    hidden.push({
      line: index + 1,
      column: found + 1,
      name: `U+${(line.codePointAt(found) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
    });
  }
  return { text: cleaned, hidden };
}

const MARKER = /[>\-+*]|\d{1,9}[.)]/y;
const RULE = /^[ \t]*([-*_])(?:[ \t]*\1)+[ \t]*$/;

/** The first line that lies deeper in quotes and lists than is read, 1-based; undefined where none does. */
export function tooNested(text: string): number | undefined {
  const found = text.split(/\r\n|\r|\n/).findIndex((line) => !RULE.test(line) && depthOf(line) > BOUNDS.nesting);
  return found < 0 ? undefined : found + 1;
}

/** Markers at the start of a line, and one for every two columns of indentation before a marker. */
function depthOf(line: string): number {
  let depth = 0;
  let marked = 0;
  for (let at = 0; at < line.length && depth <= BOUNDS.nesting * 2; depth += 1) {
    const indented = /[ \t]*/y;
    indented.lastIndex = at;
    const blank = indented.exec(line)?.[0] ?? "";
    depth += blank.replaceAll("\t", "    ").length >> 1;
    MARKER.lastIndex = at + blank.length;
    const marker = MARKER.exec(line)?.[0];
    if (marker === undefined) break;
    at += blank.length + marker.length;
    marked = depth + 1;
  }
  return marked;
}
