import { BOUNDS } from "./bounds.ts";

/** Why a text is not read at all, and where it goes too far. */
export interface Excess {
  readonly code: "text_too_long" | "too_many_lines" | "too_many_columns" | "too_many_cells" | "nested_too_deep";
  readonly line: number;
  readonly message: string;
}

/** The first bound that a text exceeds; undefined where it may be parsed. Linear in the text. */
export function outOfBounds(text: string): Excess | undefined {
  if (text.length > BOUNDS.text) {
    return { code: "text_too_long", line: 1, message: `The text has ${text.length} characters; at most ${BOUNDS.text} are read.` };
  }
  const lines = text.split("\n");
  if (lines.length > BOUNDS.lines) {
    return {
      code: "too_many_lines",
      line: BOUNDS.lines + 1,
      message: `The text has ${lines.length} lines; at most ${BOUNDS.lines} are read.`,
    };
  }
  let stacked = 0;
  let cells = 0;
  for (const [index, line] of lines.entries()) {
    const pipes = pipesOf(line);
    cells += pipes;
    if (pipes > BOUNDS.columns + 1) {
      return { code: "too_many_columns", line: index + 1, message: `A table has at most ${BOUNDS.columns} columns.` };
    }
    if (cells > BOUNDS.cells) {
      return { code: "too_many_cells", line: index + 1, message: `The tables of the text have at most ${BOUNDS.cells} cells.` };
    }
    if (RULE.test(line)) continue;
    const { depth, markers } = nestingOf(line);
    stacked += Math.max(0, markers - 1);
    if (depth > BOUNDS.nesting || stacked > BOUNDS.stacked) {
      return { code: "nested_too_deep", line: index + 1, message: "Lists and quotes lie too deep inside each other." };
    }
  }
  return undefined;
}

function pipesOf(line: string): number {
  let count = 0;
  for (let at = line.indexOf("|"); at >= 0; at = line.indexOf("|", at + 1)) count += 1;
  return count;
}

// White space makes a list of a mark: `**bold**` is none.
const MARKER = />|(?:[-+*]|\d{1,9}[.)])(?=[ \t]|$)/y;
const BLANK = /[ \t]*/y;
const RULE = /^[ \t]*([-*_])(?:[ \t]*\1)+[ \t]*$/;

/** Markers at the start of a line, and its depth: the markers, and one for every two columns of indentation before one. */
function nestingOf(line: string): { depth: number; markers: number } {
  let depth = 0;
  let indentation = 0;
  let markers = 0;
  for (let at = 0; at < line.length && depth <= BOUNDS.nesting;) {
    BLANK.lastIndex = at;
    const blank = BLANK.exec(line)?.[0] ?? "";
    indentation += blank.replaceAll("\t", "    ").length >> 1;
    MARKER.lastIndex = at + blank.length;
    const marker = MARKER.exec(line)?.[0];
    if (marker === undefined) break;
    at += blank.length + marker.length;
    markers += 1;
    depth = indentation + markers;
  }
  return { depth, markers };
}
