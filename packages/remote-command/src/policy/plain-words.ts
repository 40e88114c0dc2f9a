/** The longest text that is looked at word by word; a longer one cannot be known. */
export const LONGEST_TEXT = 100_000;

/** Characters that mean nothing to any login shell (POSIX ones, fish, tcsh), inside a word. */
const WORD = /^[A-Za-z0-9_/:.,@%+-][A-Za-z0-9_/:.,@%+=-]*$/;
/** What may be called: no option, no job (`%1`), no assignment, not tcsh's `@`. */
const PROGRAM = /^[A-Za-z0-9_./][A-Za-z0-9_./:,@%+-]*$/;
/** Words that a shell reads as its grammar where a command begins. */
const RESERVED = new Set(
  "case coproc do done elif else end endif endsw esac fi for foreach function if in repeat select switch then until while".split(" "),
);

/**
 * The words of a free text that is one call of a program and no more: no quotes, operators, expansions, globs, redirections,
 * assignments, comments or lines. Undefined for every other text: what a shell makes of it is not known to us.
 */
export function plainWords(text: string): string[] | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const words = text.split(" ").filter((word) => word !== "");
  const [program] = words;
  if (program === undefined || !PROGRAM.test(program) || RESERVED.has(program)) return undefined;
  return words.every((word) => WORD.test(word)) ? words : undefined;
}
