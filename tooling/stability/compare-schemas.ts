import type { Change } from "./change.ts";
import type { Schema } from "./schema.ts";

/** `takes`: what we accept, where accepting less breaks. `gives`: what we answer, where answering less breaks. */
export type Direction = "takes" | "gives";

const NARROWER: Readonly<Record<string, (before: number, after: number) => boolean>> = {
  maximum: (before, after) => after < before,
  maxLength: (before, after) => after < before,
  maxItems: (before, after) => after < before,
  minimum: (before, after) => after > before,
  minLength: (before, after) => after > before,
  minItems: (before, after) => after > before,
};

/** What changed between two schemas, each with its path. */
export function compareSchemas(path: string, before: Schema, after: Schema, direction: Direction): Change[] {
  if (same(before, after)) return [];
  const changes: Change[] = [];
  const say = (breaks: boolean, what: string): void => void changes.push({ path, breaks, what });
  for (const keyword of ["type", "const", "format", "$ref", "pattern"])
    if (!same(before[keyword], after[keyword]))
      say(direction === "gives" || after[keyword] !== undefined, `${keyword} was ${text(before[keyword])}, is ${text(after[keyword])}`);
  if (!same(before["default"], after["default"])) say(true, `default was ${text(before["default"])}, is ${text(after["default"])}`);
  compareWords(before["enum"], after["enum"], direction, say);
  if (direction === "takes") compareBounds(before, after, say);
  compareProperties(path, before, after, direction, changes);
  for (const keyword of ["items", "additionalProperties", "propertyNames", "not"])
    compareInner(path, keyword, before[keyword], after[keyword], direction, changes);
  for (const keyword of ["anyOf", "oneOf", "allOf"]) compareVariants(path, keyword, before[keyword], after[keyword], direction, changes);
  for (const keyword of ["$defs", "definitions"])
    changes.push(...compareNamed(path, keyword, record(before[keyword]), record(after[keyword]), direction));
  return changes;
}

type Say = (breaks: boolean, what: string) => void;

function compareWords(before: unknown, after: unknown, direction: Direction, say: Say): void {
  if (same(before, after)) return;
  if (!Array.isArray(before) || !Array.isArray(after))
    return say((after !== undefined) === (direction === "takes"), "its list of words came or went");
  const has = (words: unknown[], word: unknown): boolean => words.some((one) => same(one, word));
  for (const word of before) if (!has(after, word)) say(direction === "takes", `${text(word)} is no longer one of its words`);
  // Who reads our answers must expect words that are new.
  for (const word of after) if (!has(before, word)) say(false, `${text(word)} is a new word`);
}

function compareBounds(before: Schema, after: Schema, say: Say): void {
  for (const [keyword, isNarrower] of Object.entries(NARROWER)) {
    const [was, is] = [before[keyword], after[keyword]];
    if (was === is) continue;
    const narrower = typeof is === "number" && (typeof was !== "number" || isNarrower(was, is));
    say(narrower, `${keyword} was ${text(was)}, is ${text(is)}`);
  }
}

function compareProperties(path: string, before: Schema, after: Schema, direction: Direction, changes: Change[]): void {
  const [was, is] = [record(before["properties"]), record(after["properties"])];
  const [needed, needs] = [list(before["required"]), list(after["required"])];
  for (const name of Object.keys(was)) {
    const at = `${path}.${name}`;
    if (is[name] === undefined) changes.push({ path: at, breaks: true, what: "is gone" });
    else changes.push(...compareSchemas(at, was[name] as Schema, is[name] as Schema, direction));
    if (is[name] === undefined || needed.includes(name) === needs.includes(name)) continue;
    if (needs.includes(name)) changes.push({ path: at, breaks: direction === "takes", what: "is required now" });
    else changes.push({ path: at, breaks: direction === "gives", what: "is no longer always there" });
  }
  for (const name of Object.keys(is))
    if (was[name] === undefined)
      changes.push({
        path: `${path}.${name}`,
        breaks: direction === "takes" && needs.includes(name),
        what: needs.includes(name) ? "is new and required" : "is new",
      });
}

function compareInner(path: string, keyword: string, before: unknown, after: unknown, direction: Direction, changes: Change[]): void {
  if (same(before, after)) return;
  if (isSchema(before) && isSchema(after)) changes.push(...compareSchemas(`${path}[${keyword}]`, before, after, direction));
  else changes.push({ path, breaks: after !== undefined && after !== true, what: `${keyword} was ${text(before)}, is ${text(after)}` });
}

/** Variants have no names: what is not there as it was is looked at beside the one in its place. */
function compareVariants(path: string, keyword: string, before: unknown, after: unknown, direction: Direction, changes: Change[]): void {
  if (same(before, after)) return;
  const [was, is] = [list(before) as Schema[], list(after) as Schema[]];
  if (was.length === is.length)
    for (const [index, variant] of was.entries())
      changes.push(...compareSchemas(`${path}[${keyword} ${index}]`, variant, is[index]!, direction));
  else {
    const lost = was.filter((variant) => !is.some((one) => same(one, variant)));
    changes.push({
      path,
      breaks: lost.length > 0,
      what: lost.length > 0 ? `${lost.length} of ${keyword} are gone or changed` : `${keyword} has more`,
    });
  }
}

function compareNamed(path: string, keyword: string, before: Schema, after: Schema, direction: Direction): Change[] {
  return Object.entries(before).flatMap(([name, schema]) =>
    // A name that is gone is told where it was used.
    after[name] === undefined ? [] : compareSchemas(`${path}[${keyword}].${name}`, schema as Schema, after[name] as Schema, direction),
  );
}

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);
const record = (value: unknown): Schema => (isSchema(value) ? value : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
const text = (value: unknown): string => (value === undefined ? "not said" : JSON.stringify(value));
