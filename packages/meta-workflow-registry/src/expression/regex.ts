import { RE2JS } from "re2js";
import { MAX_PATTERN } from "./limits.ts";
import { checkLength, spendOnRegex } from "./meter.ts";

// Regular expressions in RE2 syntax: no backreferences, no look-around, and a match in time linear in the text.

const compiled = new Map<string, RE2JS>();
const KEPT = 200;

/** A compiled pattern. @throws Error with RE2's words where the pattern is not RE2, or too long. */
export function linearRegex(pattern: string, flags = 0): RE2JS {
  const key = `${flags}:${pattern}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN) throw new Error(`a regular expression has at most ${MAX_PATTERN} characters`);
  const regex = RE2JS.compile(pattern, flags);
  if (compiled.size >= KEPT) compiled.clear();
  compiled.set(key, regex);
  return regex;
}

/** True where the pattern matches somewhere in the text. */
export function regexMatch(text: string, pattern: string): boolean {
  const regex = linearRegex(pattern);
  spendOnRegex(text.length, regex.programSize());
  return regex.matcher(text).find();
}

/** The first match: its first group where the pattern has groups, else all of it; null where nothing matches. */
export function regexFind(text: string, pattern: string): string | null {
  const regex = linearRegex(pattern);
  spendOnRegex(text.length, regex.programSize());
  const matcher = regex.matcher(text);
  return matcher.find() ? (matcher.group(matcher.groupCount() > 0 ? 1 : 0) ?? null) : null;
}

/** All matches, as `regexFind` gives the first. */
export function regexFindAll(text: string, pattern: string): (string | null)[] {
  const regex = linearRegex(pattern);
  const matcher = regex.matcher(text);
  const group = matcher.groupCount() > 0 ? 1 : 0;
  const found: (string | null)[] = [];
  let from = 0;
  for (;;) {
    // A try that fails may have looked at all the rest.
    spendOnRegex(text.length - from, regex.programSize());
    if (!matcher.find()) return found;
    found.push(matcher.group(group) ?? null);
    from = matcher.end();
  }
}

/** The text with all matches replaced; `$1` stands for the first group, `$&` for the match, `$$` for a dollar sign. */
export function regexReplace(text: string, pattern: string, by: string): string {
  const regex = linearRegex(pattern);
  const matcher = regex.matcher(text);
  let out = "";
  let from = 0;
  for (;;) {
    spendOnRegex(text.length - from, regex.programSize());
    if (!matcher.find()) return out + text.slice(from);
    out += text.slice(from, matcher.start()) + expand(by, (group) => groupOf(matcher, group));
    checkLength(out.length);
    from = matcher.end();
  }
}

function groupOf(matcher: { groupCount(): number; group(index: number): string | null }, group: number): string {
  return group <= matcher.groupCount() ? (matcher.group(group) ?? "") : "";
}

function expand(by: string, group: (index: number) => string): string {
  return by.replaceAll(/\$(\$|&|\d)/gu, (_, what: string) => (what === "$" ? "$" : group(what === "&" ? 0 : Number(what))));
}

/** True where the whole text fits a glob: `*` stands for any characters, `?` for one. */
export function globMatch(text: string, pattern: string): boolean {
  if (pattern.length > MAX_PATTERN) throw new Error(`a glob has at most ${MAX_PATTERN} characters`);
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let index = 0; index < text.length;) {
    if (pattern[at] === "*") {
      star = at++;
      retry = index;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++retry;
    } else return false;
    spendOnRegex(1, 1);
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
