import { textLiteral, type Cel } from "./cel.ts";
import type { Names } from "./names.ts";
import type { Args, Node } from "./parse.ts";
import { Refused } from "./refused.ts";

type Translate = (node: Node, names: Names) => Cel;

const text = (source: string): Cel => ({ source, tight: true, text: true });

/** `now()`, `env(name, default)`, `random(min, max)`, `uuid()`, `range(n)`. @throws Refused */
export function called(node: Extract<Node, { kind: "call" }>, names: Names, translate: Translate): Cel {
  if (node.of.kind !== "name") throw new Refused("Only functions by name can be called.");
  const { list, named } = node.args;
  const arg = (place: number, name: string): Cel | undefined => {
    const one = list[place] ?? named[name];
    return one === undefined ? undefined : translate(one, names);
  };
  switch (node.of.name) {
    case "now":
      return { source: "now()", tight: true };
    case "env":
      return environment(arg(0, "name"), arg(1, "default"), names);
    case "uuid":
      names.told("`uuid()` is made from the run's id and the place where it stands: the same each time the run is replayed.");
      return text(`regex_replace(hash(${seed(names)}), '^(.{8})(.{4})(.{4})(.{4})(.{12}).*$', '$1-$2-$3-$4-$5')`);
    case "random":
      return random(arg(0, "min"), arg(1, "max"), names);
    case "range": {
      if (list.length !== 1) throw new Refused("`range` takes one number here.");
      return { source: `range(int(${arg(0, "stop")?.source ?? "0"}))`, tight: true };
    }
    case "timedelta":
      return { source: `duration('${seconds(node.args)}s')`, tight: true };
    default:
      throw new Refused(`The function \`${node.of.name}\` has no counterpart. There are: now, env, random, uuid, range, timedelta.`);
  }
}

function environment(name: Cel | undefined, otherwise: Cel | undefined, names: Names): Cel {
  if (typeof name?.literal !== "string") throw new Refused("`env` takes the name of a variable that is written out.");
  const value = names.environment(name.literal);
  if (value !== undefined) return { ...text(textLiteral(value)), literal: value };
  if (otherwise !== undefined) {
    names.told(`\`env("${name.literal}")\` is not allowed or not set: its default is used.`);
    return otherwise;
  }
  throw new Refused(`\`env("${name.literal}")\` is not among the variables that may be read, and has no default.`);
}

const seed = (names: Names): string => `run.id + ${textLiteral(`/${names.place()}`)}${names.inItems ? " + '/' + text(index)" : ""}`;

/** Four digits of a digest, as a number. */
function random(from: Cel | undefined, to: Cel | undefined, names: Names): Cel {
  const [least, most] = to === undefined ? [0, from?.literal ?? 1_000] : [from?.literal, to.literal];
  if (typeof least !== "number" || typeof most !== "number" || !Number.isInteger(least) || !Number.isInteger(most) || most < least) {
    throw new Refused("`random` takes two whole numbers that are written out.");
  }
  if (most - least >= 65_536) throw new Refused("`random` spans at most 65536 numbers.");
  names.told("`random()` is drawn from the run's id and the place where it stands: the same each time the run is replayed.");
  const digits = `split(hash(${seed(names)}), '')`;
  const number = [4096, 256, 16, 1].map((weight, place) => `${weight} * '0123456789abcdef'.indexOf(${digits}[${place}])`).join(" + ");
  return { source: `${least} + (${number}) % ${most - least + 1}` };
}

const UNITS: Readonly<Record<string, number>> = { weeks: 604_800, days: 86_400, hours: 3_600, minutes: 60, seconds: 1 };

function seconds({ list, named }: Args): number {
  let total = 0;
  if (list.length > 0) throw new Refused("`timedelta` takes named numbers: days, hours, minutes, seconds.");
  for (const [unit, node] of Object.entries(named)) {
    const size = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (size === undefined || node.kind !== "literal" || typeof node.value !== "number")
      throw new Refused("`timedelta` takes numbers that are written out: days, hours, minutes, seconds.");
    total += size * node.value;
  }
  return total;
}
