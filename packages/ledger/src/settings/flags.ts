import { PLACES, definitions, flagOf, type Definition } from "./definitions.ts";
import type { SettingProblem } from "./problems.ts";
import { didYouMean } from "./suggestion.ts";

/** What the arguments say. */
export interface Flags {
  /** Per setting (or place) all values that were given, and the flag as it was typed. */
  readonly values: ReadonlyMap<string, { flag: string; given: string[] }>;
  /** Arguments that are no settings, in their order: the subcommand with its own. */
  readonly rest: string[];
  readonly problems: SettingProblem[];
}

/** Flags that the command line itself answers. */
const GENERAL = new Set(["--help", "--version"]);

/**
 * Takes the settings out of argv: `--section.key=value`, `--section-key value`, and short names such as `--root`. What
 * stands after `--` is left alone. Before the subcommand an unknown flag is a problem; after it, it is the subcommand's.
 */
export function readFlags(argv: readonly string[]): Flags {
  const known = knownFlags();
  const values = new Map<string, { flag: string; given: string[] }>();
  const rest: string[] = [];
  const problems: SettingProblem[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index]!;
    if (argument === "--") {
      rest.push(...argv.slice(index));
      break;
    }
    const [, typed, inline] = /^--([A-Za-z][^=]*)(?:=([\s\S]*))?$/.exec(argument) ?? [];
    const target = typed === undefined ? undefined : known.get(normal(typed));
    if (typed === undefined || target === undefined) {
      if (typed !== undefined && rest.every((word) => word.startsWith("-")) && !GENERAL.has(argument))
        problems.push(unknownFlag(typed, known));
      rest.push(argument);
      continue;
    }
    const flag = `--${typed}`;
    if (target.secret) {
      problems.push({
        setting: target.name,
        from: `flag ${flag}`,
        message: `A secret is not taken from a flag, since other users can read a program's arguments.`,
        example: target.example,
      });
      if (inline === undefined) index += 1;
      continue;
    }
    const value = inline ?? (target.kind === "boolean" ? "true" : argv[(index += 1)]);
    if (value === undefined || (inline === undefined && target.kind !== "boolean" && value.startsWith("--"))) {
      problems.push({
        setting: target.name,
        from: `flag ${flag}`,
        message: "A value is expected after it.",
        example: `${flag}=${target.example}`,
      });
      if (value !== undefined) index -= 1;
      continue;
    }
    const entry = values.get(target.name) ?? { flag, given: [] };
    entry.given.push(value);
    values.set(target.name, entry);
  }
  return { values, rest, problems };
}

interface Target {
  readonly name: string;
  readonly kind: Definition["kind"];
  readonly secret: boolean;
  readonly example: string;
  readonly flag: string;
}

/** A dot, a dash and an underscore are the same in a flag's name. */
const normal = (name: string): string => name.toLowerCase().replace(/[._-]+/g, "_");

function knownFlags(): Map<string, Target> {
  const known = new Map<string, Target>();
  for (const [name, place] of Object.entries(PLACES))
    known.set(normal(place.flag), { name, kind: "text", secret: false, example: "/path", flag: `--${place.flag}` });
  for (const definition of definitions()) {
    const { name, kind, facts } = definition;
    const target: Target = { name, kind, secret: facts.secret === true, example: facts.example, flag: flagOf(definition) };
    known.set(normal(name), target);
    if (facts.flag !== undefined) known.set(normal(facts.flag), target);
  }
  return known;
}

function unknownFlag(typed: string, known: ReadonlyMap<string, Target>): SettingProblem {
  const flag = `--${typed.slice(0, 80)}`;
  if (/^(approvals|environments?)([._-]|$)/i.test(typed)) {
    return {
      setting: typed.slice(0, 80),
      from: `flag ${flag}`,
      message: "Approvals and environments come from the operator's file only; no flag changes them.",
    };
  }
  const spellings = [...new Set([...known.values()].flatMap((target) => [target.flag.slice(2), target.name]))];
  return { setting: typed.slice(0, 80), from: `flag ${flag}`, message: `No setting has this flag.${didYouMean(typed, spellings)}` };
}
