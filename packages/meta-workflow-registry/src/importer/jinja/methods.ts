import { fieldOf, tight, type Cel } from "./cel.ts";
import type { Names } from "./names.ts";
import type { Args, Node } from "./parse.ts";
import { Refused } from "./refused.ts";

type Translate = (node: Node, names: Names) => Cel;

const text = (source: string): Cel => ({ source, tight: true, text: true });

// What Python's values can do and templates use.
const METHODS = new Map<string, (of: Cel, args: readonly Cel[]) => Cel | undefined>([
  ["lower", (of) => text(`lower(${of.source})`)],
  ["upper", (of) => text(`upper(${of.source})`)],
  ["strip", (of) => text(`trim(${of.source})`)],
  ["startswith", (of, [other]) => other && { source: `starts_with(${of.source}, ${other.source})`, bool: true, tight: true }],
  ["endswith", (of, [other]) => other && { source: `ends_with(${of.source}, ${other.source})`, bool: true, tight: true }],
  ["split", (of, [separator]) => separator && { source: `split(${of.source}, ${separator.source})`, tight: true }],
  ["splitlines", (of) => ({ source: `lines(${of.source})`, tight: true })],
  ["replace", (of, [from, to]) => from && to && text(`replace(${of.source}, ${from.source}, ${to.source})`)],
  ["join", (of, [list]) => list && text(`join(${list.source}, ${of.source})`)],
  ["keys", (of) => ({ source: `keys(${of.source})`, tight: true })],
  ["values", (of) => ({ source: `values(${of.source})`, tight: true })],
  ["get", got],
  ["isoformat", (of) => text(`iso(${of.source})`)],
  ["timestamp", (of) => ({ source: `epoch_ms(${of.source}) / 1000.0` })],
  ["date", (of) => text(`split(iso(${of.source}), 'T')[0]`)],
  ["time", (of) => text(`split(split(iso(${of.source}), 'T')[1], '.')[0]`)],
]);

const FORMATS: Readonly<Record<string, (of: string) => string>> = {
  "%Y-%m-%d": (of) => `split(iso(${of}), 'T')[0]`,
  "%H:%M:%S": (of) => `split(split(iso(${of}), 'T')[1], '.')[0]`,
  "%Y%m%d": (of) => `replace(split(iso(${of}), 'T')[0], '-', '')`,
  "%Y": (of) => `split(iso(${of}), '-')[0]`,
  "%Y-%m-%dT%H:%M:%SZ": (of) => `split(iso(${of}), '.')[0] + 'Z'`,
  "%Y-%m-%d %H:%M:%S": (of) => `replace(split(iso(${of}), '.')[0], 'T', ' ')`,
};

/** `value.name(…)`. @throws Refused */
export function method(field: Extract<Node, { kind: "field" }>, args: Args, names: Names, translate: Translate): Cel {
  const of = translate(field.of, names);
  const given = args.list.map((one) => translate(one, names));
  if (field.name === "strftime") return formatted(of, given[0]);
  const cel = METHODS.get(field.name)?.(of, given);
  if (cel === undefined) throw new Refused(`\`.${field.name}(…)\` has no counterpart.`);
  return cel;
}

function got(of: Cel, [key, otherwise]: readonly Cel[]): Cel | undefined {
  if (typeof key?.literal !== "string" || key.literal.startsWith("_")) return undefined;
  return { source: `default(${fieldOf(tight(of), key.literal)}, ${otherwise?.source ?? "null"})`, tight: true };
}

function formatted(of: Cel, format: Cel | undefined): Cel {
  const known = typeof format?.literal === "string" && Object.hasOwn(FORMATS, format.literal) ? FORMATS[format.literal] : undefined;
  if (known === undefined) throw new Refused(`\`strftime\` takes one of: ${Object.keys(FORMATS).join(", ")}.`);
  return text(known(of.source));
}
