import { styleText } from "node:util";
import type { Terminal } from "../command.ts";

/** What a colour says; the same everywhere, and never the only thing that says it. */
export type Tone = "good" | "warning" | "bad" | "quiet" | "strong" | "added" | "removed";

const STYLES = {
  good: "green",
  warning: "yellow",
  bad: "red",
  quiet: "dim",
  strong: "bold",
  added: "green",
  removed: "red",
} as const satisfies Record<Tone, Parameters<typeof styleText>[0]>;

/** A text in colour where the terminal shows colours, else as it is. */
export function paint(terminal: Pick<Terminal, "color">, tone: Tone, text: string): string {
  // Newer versions of Node look at stdout by themselves unless told not to; ours was asked before.
  return terminal.color && text !== "" ? (styleText as StyleText)(STYLES[tone], text, { validateStream: false }) : text;
}

type StyleText = (style: (typeof STYLES)[Tone], text: string, options: { validateStream: boolean }) => string;
