import { OpsError } from "@platform-ops/errors";
import type { Command } from "@platform-ops/ledger";

/** Of what somebody typed, as much as tells them which it was. */
const LONGEST_QUOTED = 80;

/**
 * Whether a subcommand takes so many arguments, by its usage, and none of them is empty, as a variable is that is not set.
 * Whether one is missing is for the subcommand to say, which knows where to find it.
 * @throws OpsError invalid_input
 */
export function checkArguments(bin: string, { name, usage }: Command, given: readonly string[]): void {
  const taken = argumentsOf(usage);
  const wrong = (message: string): OpsError => new OpsError("invalid_input", message, { hint: `Usage: ${bin} ${usage}` });
  const isOpen = taken.at(-1)?.endsWith("…") === true;
  const more = isOpen ? undefined : given[taken.length];
  if (more !== undefined)
    throw wrong(
      taken.length === 0
        ? `${name} takes no argument, and was given ${quoted(more)}.`
        : `${name} takes ${taken.join(" and ")}, and was given ${quoted(more)} as well.`,
    );
  const empty = given.indexOf("");
  if (empty !== -1) throw wrong(`${name} was given an empty ${taken[empty] ?? taken.at(-1)}.`);
}

/** A word of somebody's command line, for a message. */
export function quoted(word: string): string {
  return JSON.stringify(word.length > LONGEST_QUOTED ? `${word.slice(0, LONGEST_QUOTED - 1)}…` : word);
}

/** What a usage names besides options: of `call TOOL [JSON] [--text]` TOOL and JSON. */
function argumentsOf(usage: string): string[] {
  let words = usage;
  for (let before = ""; before !== words;) [before, words] = [words, words.replace(/\[-[^[\]]*\]/g, "")];
  return words
    .trim()
    .split(/\s+/)
    .slice(1)
    .map((word) => word.replace(/^\[|\]$/g, ""));
}
