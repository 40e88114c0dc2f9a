import type { Nodes, Root, RootContent } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";
import { gfmTableFromMarkdown } from "mdast-util-gfm-table";
import { gfmTable } from "micromark-extension-gfm-table";
import { normalText, oneLine } from "./plain-text.ts";

export { cleanText, oneLine } from "./plain-text.ts";

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

/** Text → blocks. The text must be clean (`cleanText`) and within bounds (`outOfBounds`). */
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
  const [first = "", ...rest] = page.source.slice(start.offset, end.offset).split("\n");
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
