import type { Terminal } from "../command.ts";
import { guarded } from "./guarded.ts";
import { widthOf } from "./width.ts";

const BETWEEN = 2;
const INDENT = "  ";

/**
 * Rows in columns, each as wide as its widest cell. Where a terminal is too narrow each row's first cell, which is what the next
 * command is given, gets a line of its own and the rest flows below it. Nothing is cut: what is left out could be what matters.
 */
export function table(terminal: Pick<Terminal, "isTTY" | "columns">, rows: readonly (readonly string[])[]): string {
  // What stands in a cell comes from elsewhere too: nothing in it may move the cursor or end its line.
  const shown = rows.map((row) => row.map((cell) => guarded(cell.replaceAll(/[\r\n\t]+/g, " "))));
  const widths = widthsOf(shown);
  const total = widths.reduce((sum, width) => sum + width, 0) + BETWEEN * (widths.length - 1);
  if (!terminal.isTTY || total <= terminal.columns) return shown.map((row) => lineOf(row, widths)).join("");
  return shown.map(([first = "", ...others]) => (first === "" ? "" : `${first}\n`) + flowing(others, terminal.columns)).join("");
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

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - widthOf(cell))));
  return `${cells.join(" ".repeat(BETWEEN)).trimEnd()}\n`;
}
