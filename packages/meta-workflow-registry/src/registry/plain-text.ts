import { BOUNDS } from "./bounds.ts";

/** No white space at the ends of the text or of its lines. */
export function normalText(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();
}

/** A text on one line. */
export function oneLine(text: string): string {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

// Controls but tab and line ends; what turns or hides text (bidirectional marks, zero-width characters but the joiners of
// emoji, line separators, tags); halves of characters.
const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu;

/** A character that a reader would not see. */
export interface HiddenCharacter {
  readonly line: number;
  readonly column: number;
  /** As `U+200B`. */
  readonly name: string;
}

/**
 * The text with line feeds as its only line ends and every hidden character as U+FFFD, so that lines and columns stay;
 * with the place of the first hidden character of each line. A byte order mark at the start goes.
 */
export function cleanText(text: string): { text: string; hidden: readonly HiddenCharacter[] } {
  const lines = text.replace(/^\ufeff/, "").replaceAll(/\r\n?/g, "\n");
  const cleaned = lines.replaceAll(HIDDEN, (found: string) => "\ufffd".repeat(found.length));
  if (cleaned === lines) return { text: lines, hidden: [] };
  const hidden: HiddenCharacter[] = [];
  for (const [index, line] of lines.split("\n").entries()) {
    const found = line.search(HIDDEN);
    if (found < 0) continue;
    hidden.push({ line: index + 1, column: found + 1, name: nameOf(line, found) });
    if (hidden.length >= BOUNDS.problems) break;
  }
  return { text: cleaned, hidden };
}

function nameOf(line: string, at: number): string {
  return `U+${(line.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
