import type { EmulatedTeleport } from "./state.ts";

/** How tsh ends, and what it says last. */
export class Exit extends Error {
  readonly status: number;
  readonly stderr: string;

  constructor(status: number, stderr = "") {
    super(`exit ${status}`);
    this.status = status;
    this.stderr = stderr;
  }
}

/** tsh's own failure: coloured, with an empty line behind it. */
export function fail(text: string, status = 1): Exit {
  return new Exit(status, `\u001B[31mERROR: \u001B[0m${text}\n\n`);
}

/** One call of the emulated tsh. */
export interface Emulation {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly state: EmulatedTeleport;
  /** The program's own path, for what `tsh config` prints. */
  readonly program: string;
  save(state: EmulatedTeleport): void;
  stdout(text: string | Uint8Array): void;
  stderr(text: string | Uint8Array): void;
}

/** Milliseconds that count as now. */
export function now(state: EmulatedTeleport): number {
  return state.now === undefined ? Date.now() : Date.parse(state.now);
}

/** As Go's MarshalIndent writes it. Strings that look like `<raw:…>` stand for what JavaScript cannot hold or writes otherwise. */
export function json(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(/"<raw:((?:[^"\\]|\\.)*)>"/g, (_, raw: string) => JSON.parse(`"${raw}"`) as string);
}

/** A table of tsh: every cell padded to its column and followed by a space. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `${cells.map((cell, column) => `${cell.padEnd(widths[column] ?? 0)} `).join("")}\n`;
  return `${line(head)}${line(widths.map((width) => "-".repeat(width)))}${rows.map(line).join("")}\n`;
}
