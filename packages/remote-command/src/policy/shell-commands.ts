import { LONGEST_TEXT } from "./plain-words.ts";

const SEPARATORS = new Set([";", "&", "|", "\n", "\r", "(", ")", "`", "{", "}"]);
const KEYWORDS = new Set("! if then elif else do while until time coproc { (".split(" "));
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*\+?=/;

/**
 * The commands that can be seen in a shell text, each as its words without quotes: enough to find one that is denied, never
 * enough to call a text harmless. What is inside of double quotes or only comes about by expansion is not seen.
 */
export function visibleCommands(text: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  let word: string | undefined;
  let isRedirected = false;
  const endWord = (): void => {
    if (word !== undefined && !isRedirected) words.push(word);
    if (word !== undefined) isRedirected = false;
    word = undefined;
  };
  const endCommand = (): void => {
    endWord();
    isRedirected = false;
    const command = withoutPrefix(words);
    if (command.length > 0) commands.push(command);
    words = [];
  };
  for (let at = 0; at < Math.min(text.length, LONGEST_TEXT); at += 1) {
    const char = text[at]!;
    if (char === "\\") {
      at += 1;
      // A line that goes on in the next one.
      if (text[at] !== "\n") word = (word ?? "") + (text[at] ?? "");
    } else if (char === "'" || char === '"') {
      const [content, end] = quoted(text, at);
      word = (word ?? "") + content;
      at = end;
    } else if (char === " " || char === "\t") endWord();
    else if (char === "#" && word === undefined) {
      while (at + 1 < text.length && text[at + 1] !== "\n") at += 1;
    } else if (char === "<" || char === ">") {
      if (word !== undefined && /^\d+$/.test(word)) word = undefined;
      endWord();
      while (text[at + 1] === ">" || text[at + 1] === "<" || text[at + 1] === "&") at += 1;
      isRedirected = true;
    } else if (char === "$" && text[at + 1] === "(") endCommand();
    else if (SEPARATORS.has(char)) endCommand();
    else word = (word ?? "") + char;
  }
  endCommand();
  return commands;
}

/** What stands between quotes, and where they end. Between double ones a backslash takes the next character as it is. */
function quoted(text: string, start: number): [string, number] {
  const quote = text[start]!;
  let content = "";
  let at = start + 1;
  for (; at < text.length && text[at] !== quote; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    content += text[at] ?? "";
  }
  return [content, at];
}

/** A command without what may stand before it: words of the grammar, and assignments. */
function withoutPrefix(words: readonly string[]): string[] {
  let from = 0;
  while (from < words.length && (KEYWORDS.has(words[from]!) || ASSIGNMENT.test(words[from]!))) from += 1;
  return words.slice(from);
}
