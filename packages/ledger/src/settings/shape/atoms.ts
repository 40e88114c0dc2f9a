import { globProblem } from "../glob.ts";
import { list, pattern, text, type Shape } from "./shape.ts";

/** What every section of the operator's file is made of. */
export const path = text({ min: 1, max: 4096, check: (value) => (value.includes("\0") ? "must not hold a NUL character" : undefined) });

const globCheck = (value: string): string | undefined => {
  const problem = globProblem(value);
  return problem === undefined ? undefined : `The glob ${JSON.stringify(value)} ${problem}`;
};
export const glob = text({ min: 1, max: 300, check: globCheck });
/** A glob that also fits an empty text: over a label's value, or an argument. */
export const globOfAny = text({ max: 300, check: globCheck });
export const globs = list(glob, { min: 1, max: 500 });

export const name = pattern(/^[a-z0-9][a-z0-9_-]{0,62}$/i, "must be letters, digits, - and _, and begin with a letter or digit");
export const variable = pattern(/^[A-Za-z_][A-Za-z0-9_]{0,199}$/, "must be the name of a variable");

/** An http or https address of at most so many characters. */
export function webAddress(max: number): Shape<string> {
  const isOne = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return text({ max, format: "uri", check: (value) => (isOne(value) ? undefined : "must be an http or https address") });
}
