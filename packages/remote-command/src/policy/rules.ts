import { matchesGlob, type CommandRule } from "@platform-ops/ledger";
import { nameOf } from "./wrappers.ts";

/** Longer words, and more of them, are not compared: then it cannot be told whether a rule names them. */
const LONGEST_WORD = 8_192;
const MOST_WORDS = 1_000;

/** Whether a command is within what rules are compared with. */
export function isComparable(words: readonly string[]): boolean {
  return words.length <= MOST_WORDS && words.every((word) => word.length <= LONGEST_WORD);
}

/**
 * Whether a rule that forbids or asks names a command. Generous: stars also stand for slashes, the program is found under
 * any path, and options between the arguments are passed over.
 */
export function forbids(rule: CommandRule, words: readonly string[], isRoot: boolean): boolean {
  const [program = "", ...args] = words;
  if (rule.sudo === true && !isRoot) return false;
  if (!wide(rule.program, program) && !wide(rule.program, nameOf(program))) return false;
  return rule.args === undefined || amongOptions(rule.args, args);
}

/**
 * Whether a rule that allows names a command. Strict: the program as it is called, every argument by its own glob, stars stop
 * at slashes; a star stands neither for an option nor for a path that goes up.
 */
export function allows(rule: CommandRule, words: readonly string[], isSudo: boolean): boolean {
  const [program = "", ...args] = words;
  if (isSudo && rule.sudo !== true) return false;
  if (!matchesGlob(rule.program, program)) return false;
  const { args: globs } = rule;
  if (globs === undefined) return true;
  const isOpen = globs.at(-1) === "**";
  const fixed = isOpen ? globs.slice(0, -1) : globs;
  if (isOpen ? args.length < fixed.length : args.length !== fixed.length) return false;
  return fixed.every((glob, at) => standsFor(glob, args[at]!));
}

const hasWildcard = (glob: string): boolean => /[*?{}]/.test(glob);

function standsFor(glob: string, word: string): boolean {
  if (!hasWildcard(glob)) return glob === word;
  if (word.startsWith("-") && !glob.startsWith("-")) return false;
  if (/(^|[/=:,])\.\.($|\/)/.test(word)) return false;
  return matchesGlob(glob, word);
}

/** As `matchesGlob`, but a star also stands for slashes. */
function wide(glob: string, word: string): boolean {
  return matchesGlob(glob.replaceAll("/", "\u0001"), word.replaceAll("/", "\u0001"));
}

/** Whether the arguments are what the globs say, options and the word behind one aside wherever the globs don't name them. */
function amongOptions(globs: readonly string[], args: readonly string[]): boolean {
  const isAside = (at: number): boolean => isOption(args[at]!) || (at > 0 && isOption(args[at - 1]!) && !args[at - 1]!.includes("="));
  // reached[n]: the arguments so far can be what the first n globs say.
  let reached = globs.map((_, n) => n === 0);
  reached.push(globs.length === 0);
  const last = globs.length;
  const isDone = (): boolean => reached[last]! || (globs[last - 1] === "**" && reached[last - 1]!);
  if (globs.at(-1) === "**" && reached[last - 1]!) return true;
  for (let at = 0; at < args.length; at += 1) {
    const next = reached.map(
      (was, n) => (was && isAside(at)) || (n > 0 && reached[n - 1]! && globs[n - 1] !== "**" && wide(globs[n - 1]!, args[at]!)),
    );
    reached = next;
    if (globs.at(-1) === "**" && reached[last - 1]!) return true;
  }
  return isDone();
}

const isOption = (word: string): boolean => word.length > 1 && word.startsWith("-");
