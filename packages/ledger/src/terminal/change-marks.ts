import type { Terminal } from "../command.ts";
import { paint, type Tone } from "./paint.ts";

/** Marks of changes, as terraform and a reader of differences know them. */
const TONES: Readonly<Record<string, Tone>> = { "+": "added", "-": "removed", "-/+": "removed", "+/-": "removed", "~": "warning" };

/** A text in which what is said of changes bears their colour, where the terminal shows colours: lines with a mark, and what is destroyed. */
export function paintChanges(terminal: Pick<Terminal, "color">, text: string): string {
  return text
    .replaceAll(/\bDESTROYS \d+/g, (words) => paint(terminal, "bad", words))
    .replaceAll(/^( *)(\S+) .*$/gm, (line, indent: string, mark: string) => {
      const tone = TONES[mark];
      return tone === undefined ? line : indent + paint(terminal, tone, line.slice(indent.length));
    });
}

/** A text in which the label before two or more spaces at a line's start stands back behind what it labels. */
export function paintLabels(terminal: Pick<Terminal, "color">, text: string): string {
  return text.replaceAll(/^([A-Z][a-z ]*?)( {2,})(?=\S)/gm, (_, label: string, gap: string) => paint(terminal, "quiet", label) + gap);
}
