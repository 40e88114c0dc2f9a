import type { Piece } from "./jinja/template.ts";

/** A shell text with its values moved out: they stand in variables, so that no value can become a command. */
export interface ShellText {
  readonly command: string;
  readonly env: { readonly [name: string]: string };
  /** A value stands where a variable is not read: in single quotes of a heredoc, behind a backslash. */
  readonly doubtful: boolean;
}

/** Pieces of a command → a command that reads its values from `VALUE_1`, `VALUE_2`, … */
export function shellText(pieces: readonly Piece[]): ShellText {
  const env: Record<string, string> = {};
  let command = "";
  let quote: "" | "'" | '"' = "";
  let doubtful = false;
  const names = new Map<string, string>();
  for (const piece of pieces.flatMap(withoutMarks)) {
    if ("words" in piece) {
      quote = quoteAfter(piece.words, quote);
      command += piece.words;
      continue;
    }
    const name = names.get(piece.cel) ?? `VALUE_${names.size + 1}`;
    names.set(piece.cel, name);
    env[name] = `\${{ ${piece.cel} }}`;
    if (command.includes("<<") || command.endsWith("\\")) doubtful = true;
    if (quote === "'") command += `'"\${${name}}"'`;
    else if (quote === '"') command += `\${${name}}`;
    // A block may give several words, or none: those are split as in the source.
    else command += piece.block ? `\${${name}}` : `"\${${name}}"`;
  }
  return { command, env, doubtful };
}

/** `${{` in the words of a command is a value too: it would read as an expression. */
function withoutMarks(piece: Piece): readonly Piece[] {
  if (!("words" in piece) || !piece.words.includes("${{")) return [piece];
  const mark: Piece = { cel: "'$' + '{{'", block: false };
  return piece.words.split("${{").flatMap((words, index): readonly Piece[] => (index === 0 ? [{ words }] : [mark, { words }]));
}

/** Which quote is open at the end of a piece of shell text. */
function quoteAfter(text: string, before: "" | "'" | '"'): "" | "'" | '"' {
  let quote = before;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "\\" && quote !== "'") at++;
    else if (quote === "" && (character === "'" || character === '"')) quote = character;
    else if (character === quote) quote = "";
  }
  return quote;
}
