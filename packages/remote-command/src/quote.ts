import { OpsError } from "@platform-ops/errors";

/**
 * The longest command line in bytes. A login shell fails from 131,072 on (Linux, MAX_ARG_STRLEN), and some 300,000 end an
 * OpenSSH connection with all that runs on it.
 */
export const LONGEST_LINE = 100_000;

/** These mean nothing to any shell, wherever they stand in a word. */
const PLAIN = /^[A-Za-z0-9_/:.,@%+-][A-Za-z0-9_/:.,@%+=-]*$/;

/** Of themselves harmless, but syntax as the first word of a line. */
const SYNTAX = new Set(
  "case coproc do done elif else end esac exec eval export fi for foreach function if in nocorrect noglob repeat select source then time until while".split(
    " ",
  ),
);

/**
 * One word as a POSIX shell reads it back: left as it is where it holds nothing special, else between single quotes.
 *
 * @throws OpsError invalid_input for a NUL (sshd drops the whole connection) or half a surrogate pair (it has no bytes)
 */
export function quoteWord(word: string): string {
  checkCharacters(word);
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A command line of which a POSIX shell makes exactly these words. The first is the program: it is quoted too where it would
 * be an assignment or a word of the shell's own.
 *
 * @throws OpsError invalid_input (see `quoteWord`; no words), too_large beyond `LONGEST_LINE`
 */
export function quoteWords(words: readonly string[]): string {
  const [program, ...args] = words;
  if (program === undefined || program === "") throw new OpsError("invalid_input", "A command needs a program.");
  const isSyntax = program.includes("=") || SYNTAX.has(program);
  const first = isSyntax && PLAIN.test(program) ? `'${program}'` : quoteWord(program);
  return checkLine([first, ...args.map(quoteWord)].join(" "));
}

/**
 * A line that goes to a shell as it is.
 *
 * @throws OpsError invalid_input for a NUL or half a surrogate pair, too_large beyond `LONGEST_LINE`
 */
export function checkLine(line: string): string {
  checkCharacters(line);
  const bytes = Buffer.byteLength(line);
  if (bytes > LONGEST_LINE)
    throw new OpsError("too_large", `The command line has ${bytes} bytes; at most ${LONGEST_LINE} arrive on a machine.`, {
      hint: "Give large texts as stdin.",
    });
  return line;
}

function checkCharacters(text: string): void {
  if (text.includes("\0")) throw new OpsError("invalid_input", "A command cannot hold a NUL character.");
  if (/\p{Surrogate}/u.test(text)) throw new OpsError("invalid_input", "A command cannot hold half a surrogate pair: it is not text.");
}
