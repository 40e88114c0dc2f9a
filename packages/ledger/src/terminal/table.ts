import { stripVTControlCharacters } from "node:util";
import type { Terminal } from "../command.ts";

/** What may stand in a cell comes from elsewhere too: nothing in it may move the cursor; our own colours may. */
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001a\u001c-\u001f\u007f-\u009f]+|\u001b(?!\[[\d;]*m)/g;
const BETWEEN = 2;
const NARROWEST = 8;

/**
 * Rows in columns, each as wide as its widest cell. At a terminal that is too narrow the widest columns are cut, with `…`,
 * but never the first: it is what the next command is given. Elsewhere nothing is cut, since a program reads it.
 */
export function table(terminal: Pick<Terminal, "isTTY" | "columns">, rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map((cell) => cell.replace(UNSAFE, "?")));
  const widths = widthsOf(shown);
  if (terminal.isTTY) narrow(widths, terminal.columns);
  return shown
    .map(
      (row) =>
        `${row
          .map((cell, column) => fitted(cell, widths[column] ?? 0))
          .join(" ".repeat(BETWEEN))
          .trimEnd()}\n`,
    )
    .join("");
}

/** How many columns a text takes on a terminal, without its colours. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length;
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => widthOf(row[column] ?? ""))));
}

/** Takes from the widest column behind the first until all fit. */
function narrow(widths: number[], available: number): void {
  const total = (): number => widths.reduce((sum, width) => sum + width, 0) + BETWEEN * (widths.length - 1);
  while (total() > available) {
    const widest = Math.max(...widths.slice(1));
    if (widest <= NARROWEST) return;
    widths[widths.indexOf(widest, 1)] = widest - 1;
  }
}

function fitted(cell: string, width: number): string {
  const missing = width - widthOf(cell);
  if (missing >= 0) return `${cell}${" ".repeat(missing)}`;
  // Colours go with what is cut off.
  return `${[...stripVTControlCharacters(cell)].slice(0, width - 1).join("")}…`;
}
