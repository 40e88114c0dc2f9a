import type { Terminal } from "../command.ts";
import { guarded } from "./guarded.ts";
import { cutTo, widthOf } from "./width.ts";

const BETWEEN = 2;
const NARROWEST = 12;
/** A cell that loses more than a third no longer says what it should. */
const LEFT_AT_LEAST = 2 / 3;
const INDENT = "  ";

/**
 * Rows in columns, each as wide as its widest cell. At a terminal that is too narrow the widest columns are cut, with `…`,
 * but never the first: it is what the next command is given. Where that would leave too little of the others, each row's
 * first cell gets a line of its own and the rest flows below it, whole. Elsewhere nothing is cut, since a program reads it.
 */
export function table(terminal: Pick<Terminal, "isTTY" | "columns">, rows: readonly (readonly string[])[]): string {
  // What stands in a cell comes from elsewhere too: nothing in it may move the cursor or end its line.
  const shown = rows.map((row) => row.map((cell) => guarded(cell.replaceAll(/[\r\n\t]+/g, " "))));
  const widths = widthsOf(shown);
  if (!terminal.isTTY || narrow(widths, terminal.columns)) return shown.map((row) => lineOf(row, widths)).join("");
  return shown.map(([first = "", ...others]) => `${first}\n${flowing(others, terminal.columns)}`).join("");
}

/** Cells one after the other, in as many lines as they take. */
function flowing(cells: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const cell of cells.filter((one) => one !== "")) {
    const line = lines.at(-1);
    if (line !== undefined && widthOf(line) + BETWEEN + widthOf(cell) <= columns) lines[lines.length - 1] = `${line}  ${cell}`;
    else lines.push(INDENT + cell);
  }
  return lines.map((line) => `${line}\n`).join("");
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ""))));
}

/** Takes from the widest column behind the first until all fit; false where they do not. */
function narrow(widths: number[], available: number): boolean {
  const least = widths.map((width, column) =>
    column === 0 ? width : Math.min(width, Math.max(NARROWEST, Math.ceil(width * LEFT_AT_LEAST))),
  );
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + BETWEEN * (widths.length - 1);
  while (total() > available) {
    const spare = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
    const widest = Math.max(...spare);
    if (widest === 0) return false;
    widths[spare.indexOf(widest)] = widest - 1;
  }
  return true;
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const fitted = cutTo(cell, widths[column] ?? 0);
    return fitted + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(fitted)));
  });
  return `${cells.join(" ".repeat(BETWEEN)).trimEnd()}\n`;
}
