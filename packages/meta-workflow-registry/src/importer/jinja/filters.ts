import { OpsError } from "@platform-ops/errors";
import { linearRegex } from "../../expression/index.ts";
import { asText, condition, fieldOf, textLiteral, tight, type Cel } from "./cel.ts";
import type { Names } from "./names.ts";
import type { Args, Node } from "./parse.ts";
import { Refused } from "./refused.ts";

type Translate = (node: Node, names: Names) => Cel;

interface Use {
  readonly of: Cel;
  readonly args: Args;
  readonly names: Names;
  /** An argument by place or name, translated. */
  arg(place: number, name: string): Cel | undefined;
}

const value = (source: string): Cel => ({ source, tight: true });
const text = (source: string): Cel => ({ source, tight: true, text: true });
const simple =
  (name: string, isText = false) =>
  ({ of }: Use): Cel => ({ source: `${name}(${of.source})`, tight: true, text: isText });

const FILTERS: ReadonlyMap<string, (use: Use) => Cel> = new Map<string, (use: Use) => Cel>([
  ["parse_json", simple("parse_json")],
  ["fromjson", simple("parse_json")],
  ["from_json", simple("parse_json")],
  ["tojson", toJson],
  ["to_json", toJson],
  ["base64_encode", simple("base64_encode", true)],
  ["b64encode", simple("base64_encode", true)],
  ["base64_decode", simple("base64_decode", true)],
  ["b64decode", simple("base64_decode", true)],
  ["hash", hash],
  ["regex_search", (use) => value(`regex_find(${use.of.source}, ${wholePattern(use)})`)],
  ["regex_findall", (use) => value(`regex_find_all(${use.of.source}, ${pattern(use)})`)],
  ["regex_replace", regexReplace],
  ["default", defaulted],
  ["d", defaulted],
  ["length", simple("size")],
  ["count", simple("size")],
  ["join", join],
  ["upper", simple("upper", true)],
  ["lower", simple("lower", true)],
  ["trim", simple("trim", true)],
  ["capitalize", ({ of }) => text(`(upper(${tight(of)}.substring(0, 1)) + lower(${tight(of)}.substring(1)))`)],
  ["first", simple("first")],
  ["last", simple("last")],
  ["sort", simple("sort")],
  ["unique", simple("unique")],
  ["reverse", simple("reverse")],
  ["min", simple("min")],
  ["max", simple("max")],
  ["sum", simple("sum")],
  ["abs", simple("abs")],
  ["round", rounded],
  ["int", simple("int")],
  ["float", simple("double")],
  ["string", ({ of }) => ({ source: asText(of), text: true, tight: true })],
  ["list", ({ of }) => of],
  ["safe", ({ of }) => of],
  ["escape", ({ of, names }) => (names.told("`escape` is left out: nothing here is HTML."), of)],
  ["e", ({ of, names }) => (names.told("`escape` is left out: nothing here is HTML."), of)],
  ["replace", replaced],
  ["map", mapped],
  ["selectattr", selected],
  ["keys", simple("keys")],
  ["values", simple("values")],
  ["split", (use) => value(`split(${use.of.source}, ${(use.arg(0, "sep") ?? need("split", "a separator")).source})`)],
  ["wordcount", ({ of }) => value(`size(regex_find_all(${of.source}, '\\\\S+'))`)],
  ["lines", simple("lines")],
  ["bool", ({ of }) => ({ source: condition(of), bool: true })],
]);

/** Filters that are translated. */
export const FILTER_NAMES: readonly string[] = [...FILTERS.keys()];

/** A value behind a `|`. @throws Refused */
export function filtered(node: Extract<Node, { kind: "filter" }>, names: Names, translate: Translate): Cel {
  const filter = FILTERS.get(node.name);
  if (filter === undefined) throw new Refused(`The filter \`${node.name}\` has no counterpart. There are: ${FILTER_NAMES.join(", ")}.`);
  const arg = (place: number, name: string): Cel | undefined => {
    const one = node.args.list[place] ?? node.args.named[name];
    return one === undefined ? undefined : translate(one, names);
  };
  return filter({ of: translate(node.of, names), args: node.args, names, arg });
}

function need(filter: string, what: string): never {
  throw new Refused(`\`${filter}\` needs ${what}.`);
}

function toJson(use: Use): Cel {
  if (use.arg(0, "indent") !== undefined) use.names.told("`tojson(indent)`: JSON is written on one line here.");
  return text(`to_json(${use.of.source})`);
}

function hash(use: Use): Cel {
  const algorithm = use.arg(0, "algorithm");
  if (algorithm === undefined) use.names.told("`hash` is SHA-256 here.");
  else if (algorithm.literal !== "sha256") throw new Refused("`hash` is SHA-256 only.");
  return text(`hash(${use.of.source})`);
}

function patternOf(use: Use): string {
  const written = use.arg(0, "pattern") ?? need("A filter with a pattern", "the pattern");
  if (typeof written.literal !== "string") throw new Refused("A pattern must be a text that is written out.");
  try {
    linearRegex(written.literal);
  } catch (error) {
    const why = error instanceof OpsError || error instanceof Error ? error.message : "it cannot be read";
    throw new Refused(`The pattern \`${written.literal.slice(0, 60)}\` is none that runs in linear time (RE2): ${why}.`);
  }
  return written.literal;
}

const pattern = (use: Use): string => textLiteral(patternOf(use));

/** The match as a whole, whatever groups the pattern has. */
function wholePattern(use: Use): string {
  const written = patternOf(use);
  return textLiteral(/(?<!\\)\((?!\?)/.test(written) ? `(${written})` : written);
}

function regexReplace(use: Use): Cel {
  const by = use.arg(1, "replacement") ?? need("regex_replace", "what to write instead");
  if (typeof by.literal !== "string") throw new Refused("What `regex_replace` writes must be a text that is written out.");
  const written = by.literal.replaceAll("$", "$$$$").replaceAll(/\\(?:g<)?(\d)>?/g, "$$$1");
  return text(`regex_replace(${use.of.source}, ${pattern(use)}, ${textLiteral(written)})`);
}

function defaulted(use: Use): Cel {
  const other = use.arg(0, "default_value") ?? { source: "''", text: true, tight: true };
  const empty = use.arg(1, "boolean");
  const given = { source: `default(${use.of.source}, ${other.source})`, tight: true } as const;
  if (empty?.literal !== true) return given;
  const orNull = { source: `default(${use.of.source}, null)`, tight: true };
  return { source: `(${condition(orNull)} ? dyn(${orNull.source}) : dyn(${other.source}))`, tight: true };
}

function join(use: Use): Cel {
  const separator = use.arg(0, "d")?.source ?? "''";
  const attribute = use.args.named["attribute"] === undefined ? undefined : use.arg(-1, "attribute");
  const list = attribute === undefined ? use.of.source : `${tight(use.of)}.map(one, ${fieldOf("one", attributeName(attribute))})`;
  return text(`join(${list}, ${separator})`);
}

function attributeName(attribute: Cel): string {
  const { literal } = attribute;
  if (typeof literal !== "string" || literal.startsWith("_") || literal.includes("."))
    throw new Refused("`attribute` must be one name that is written out.");
  return literal;
}

function rounded(use: Use): Cel {
  if (use.arg(0, "precision") !== undefined) throw new Refused("`round` with digits has no counterpart.");
  return value(`round(${use.of.source})`);
}

function replaced(use: Use): Cel {
  const [from, to] = [use.arg(0, "old") ?? need("replace", "two texts"), use.arg(1, "new") ?? need("replace", "two texts")];
  return text(`replace(${use.of.source}, ${from.source}, ${to.source})`);
}

function mapped(use: Use): Cel {
  const attribute = use.args.named["attribute"] === undefined ? undefined : use.arg(-1, "attribute");
  if (attribute !== undefined) return value(`${tight(use.of)}.map(one, ${fieldOf("one", attributeName(attribute))})`);
  const name = use.arg(0, "filter")?.literal;
  const filter = typeof name === "string" ? FILTERS.get(name) : undefined;
  if (filter === undefined) throw new Refused("`map` takes `attribute=` or the name of a filter.");
  const inner = filter({ of: { source: "one", tight: true }, args: { list: [], named: {} }, names: use.names, arg: () => undefined });
  return value(`${tight(use.of)}.map(one, ${inner.source})`);
}

function selected(use: Use): Cel {
  const name = attributeName(use.arg(0, "attribute") ?? need("selectattr", "an attribute"));
  const test = use.arg(1, "test")?.literal;
  const other = use.arg(2, "value");
  const field = fieldOf("one", name);
  if (test === undefined) return value(`${tight(use.of)}.filter(one, ${condition({ source: field, tight: true })})`);
  if ((test === "equalto" || test === "eq" || test === "==") && other !== undefined)
    return value(`${tight(use.of)}.filter(one, ${field} == ${tight(other)})`);
  throw new Refused("`selectattr` takes an attribute, and `equalto` with a value.");
}
