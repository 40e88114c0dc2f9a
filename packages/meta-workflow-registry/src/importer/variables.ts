import type { Path } from "../definition/yaml-text.ts";
import type { Importing } from "./importing.ts";
import type { Cel } from "./jinja/cel.ts";
import type { Names } from "./jinja/names.ts";
import { Refused } from "./jinja/refused.ts";
import { hasTemplate, joinPieces, translatedExpression, translatedPieces, type Piece } from "./jinja/template.ts";

/** What templates may name in the workflow or in one of its tasks. */
export interface Surroundings {
  readonly inputs: ReadonlySet<string>;
  /** Those of the inputs that are true or false. */
  readonly booleans: ReadonlySet<string>;
  readonly state: ReadonlySet<string>;
  /** Id in the source → id here. */
  readonly steps: ReadonlyMap<string, string>;
  /** In a task or a list of steps that is done for each item. */
  readonly items: boolean;
}

const ROOTS = new Set(["state", "inputs", "steps", "run"]);
const OF_ITEMS = new Set(["item", "index", "total", "is_first", "is_last"]);

/** Translates templates at a place of the text; what cannot be translated is a problem there. */
export class Variables {
  readonly #importing: Importing;
  readonly #around: Surroundings;
  readonly #environment: Readonly<Record<string, string>>;
  readonly read: Map<string, string>;
  #place = 0;

  constructor(importing: Importing, around: Surroundings, environment: Readonly<Record<string, string>>, read: Map<string, string>) {
    this.#importing = importing;
    this.#around = around;
    this.#environment = environment;
    this.read = read;
  }

  /** The same where items are done one by one. */
  forItems(): Variables {
    return new Variables(this.#importing, { ...this.#around, items: true }, this.#environment, this.read);
  }

  /** A value with templates in any of its texts. */
  value(value: unknown, path: Path): unknown {
    if (typeof value === "string") return this.text(value, path);
    if (Array.isArray(value)) return value.map((item: unknown, index) => this.value(item, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, this.value(field, [...path, key])]));
  }

  /** A text with templates. */
  text(text: string, path: Path): string {
    return this.#try(path, text, () => joinPieces(this.#pieces(text, path)));
  }

  /** A text with templates, in pieces. */
  pieces(text: string, path: Path): readonly Piece[] {
    return this.#try(path, [{ words: text }], () => this.#pieces(text, path));
  }

  /** A condition, with or without `{{ }}`. */
  condition(value: unknown, path: Path): string {
    if (typeof value === "boolean") return String(value);
    return this.#try(path, "true", () => translatedExpression(String(value), this.#names(path), "condition"));
  }

  /** An expression for a list, with or without `{{ }}`; a list that is written out is one too. */
  list(value: unknown, path: Path): string {
    if (Array.isArray(value)) return JSON.stringify(value);
    return this.#try(path, "[]", () => translatedExpression(String(value), this.#names(path), "value"));
  }

  #pieces(text: string, path: Path): readonly Piece[] {
    const pieces = translatedPieces(text, this.#names(path));
    if (hasTemplate(text)) this.#importing.told(path, "`{{ }}` is `${{ }}` here, and what stands in it an expression in CEL.");
    return pieces;
  }

  #try<T>(path: Path, otherwise: T, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#importing.error("UNTRANSLATED_TEMPLATE", path, error.message);
      return otherwise;
    }
  }

  #names(path: Path): Names {
    const { inputs, booleans, state, steps, items } = this.#around;
    return {
      variable: (name): Cel => {
        if (ROOTS.has(name) || (items && OF_ITEMS.has(name))) return { source: name, tight: true };
        const root = inputs.has(name) ? "inputs" : state.has(name) ? "state" : undefined;
        if (root === undefined)
          throw new Refused(
            `\`${name}\` is nothing that may be read here: there are state, inputs and steps${items ? ", item, index, total" : ""}.`,
          );
        this.#importing.told(path, `\`${name}\` is \`${root}.${name}\`.`);
        return { source: `${root}.${name}`, tight: true, bool: root === "inputs" && booleans.has(name) };
      },
      isBoolean: (source) => source.startsWith("inputs.") && booleans.has(source.slice(7)),
      stepId: (name) => steps.get(name) ?? name,
      environment: (name) => {
        const value = Object.hasOwn(this.#environment, name) ? this.#environment[name] : undefined;
        if (value !== undefined) {
          this.read.set(name, value);
          this.#importing.told(path, `\`env("${name}")\` was read now: its value is written in.`);
        }
        return value;
      },
      place: () => `${path.join("/")}/${++this.#place}`,
      inItems: items,
      told: (change) => this.#importing.told(path, change),
    };
  }
}
