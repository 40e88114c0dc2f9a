import type { Definition } from "./definitions.ts";
import { readVariables, type Variables } from "./environment-variables.ts";
import { readFlags, type Flags } from "./flags.ts";
import { type SettingProblem, shown } from "./problems.ts";
import { booleanOf } from "./setting-values.ts";
import type { SettingsSources } from "./settings.ts";
import { faultsOf } from "./shape/faults.ts";

/** What a flag or a variable says of a setting. */
export interface Given {
  readonly texts: readonly string[];
  readonly origin: string;
  readonly by: "flag" | "env";
}

/** One reading of all sources; collects problems, notes and where each part came from. */
export class Reading {
  readonly sources: SettingsSources;
  readonly flags: Flags;
  readonly problems: SettingProblem[];
  readonly notes: string[] = [];
  readonly origin: Record<string, string> = {};
  readonly #variables: Variables;

  constructor(sources: SettingsSources) {
    this.sources = sources;
    this.flags = readFlags(sources.argv);
    const { values, problems } = readVariables(sources.env);
    this.#variables = values;
    this.problems = [...this.flags.problems, ...problems];
  }

  /** What is said of a setting (or place) beside the files; a flag over a variable. */
  given(name: string): Given | undefined {
    const flag = this.flags.values.get(name);
    if (flag !== undefined) return { texts: flag.given, origin: `flag ${flag.flag}`, by: "flag" };
    const variable = this.#variables.get(name);
    return variable === undefined ? undefined : { texts: [variable.text], origin: `env ${variable.variable}`, by: "env" };
  }

  /** The text of a flag or variable as the setting's type; what does not fit is a problem. */
  coerced(definition: Definition, given: Given): unknown {
    const text = given.texts.at(-1)!;
    const separator = definition.facts.separator ?? ",";
    const read = {
      text: () => new Map(Object.entries(definition.facts.words ?? {})).get(text.toLowerCase()) ?? text,
      number: () => (Number.isNaN(Number(text)) ? text : Number(text)),
      boolean: () => booleanOf(text),
      list: () =>
        given.texts
          .flatMap((each) => each.split(separator))
          .map((each) => each.trim())
          .filter((each) => each !== ""),
    };
    const said = read[definition.kind]();
    const faults = faultsOf(definition.shape, said);
    if (faults.length === 0) return said;
    const value = definition.facts.secret ? "The value" : shown(text);
    this.problems.push({
      setting: definition.name,
      from: given.origin,
      message: `${value} is refused: ${[...new Set(faults.map(({ message }) => message))].join("; ")}.`,
      example: definition.facts.example,
    });
    return undefined;
  }
}
