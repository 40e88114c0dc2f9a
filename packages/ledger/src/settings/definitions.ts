import { configSchema } from "./schema.ts";
import type { SettingFacts } from "./setting-facts.ts";
import { jsonSchemaOf } from "./shape/json-schema.ts";
import type { Shape } from "./shape/shape.ts";

/** One ordinary setting, or one part of the policy that flags and environment may narrow. */
export interface Definition {
  /** Dotted, as in the file. */
  readonly name: string;
  readonly path: readonly string[];
  readonly shape: Shape;
  readonly kind: "text" | "number" | "boolean" | "list";
  readonly meaning: string;
  readonly facts: SettingFacts;
  /** Variables that set it, ours first. */
  readonly variables: readonly string[];
}

/** Places; they are set by flag or environment, since the file's own place is one of them. */
export const PLACES = {
  home: { flag: "home", variable: "PLATFORM_OPS_HOME", meaning: "The data directory.", default: "the platform's user data directory" },
  configFile: {
    flag: "config",
    variable: "PLATFORM_OPS_CONFIG",
    meaning: "The operator's file.",
    default: "platform-ops/config.yaml in the user's configuration directory",
  },
  cache: {
    flag: "cache",
    variable: "PLATFORM_OPS_CACHE",
    meaning: "Where downloads are kept.",
    default: "the platform's user cache directory",
  },
} as const;

let all: readonly Definition[] | undefined;

/** All settings that the one schema defines. */
export function definitions(): readonly Definition[] {
  return (all ??= [...walk(configSchema, [])]);
}

function* walk(shape: Shape, path: readonly string[]): Generator<Definition> {
  if (shape.kind !== "map") return;
  for (const [key, field] of Object.entries(shape.fields)) {
    const at = [...path, key];
    const { facts, description = "" } = field;
    if (facts === undefined) {
      yield* walk(field, at);
      continue;
    }
    const own = `PLATFORM_OPS_${at.join("_").toUpperCase()}`;
    yield {
      name: at.join("."),
      path: at,
      shape: field,
      kind: facts.separator === undefined ? kindOf(field) : "list",
      meaning: description,
      facts,
      variables: [own, ...(facts.env ?? [])],
    };
  }
}

function kindOf({ kind }: Shape): Definition["kind"] {
  return kind === "list" || kind === "number" ? kind : kind === "truth" ? "boolean" : "text";
}

/** The flag's main spelling, for people. */
export function flagOf(definition: Definition): string {
  return `--${definition.facts.flag ?? definition.name.replaceAll("_", "-")}`;
}

/** One line of the generated table of settings. */
export interface SettingRow {
  name: string;
  flag: string;
  env: string[];
  default: string;
  meaning: string;
  /** True: by the operator's file; flag and environment can only narrow it. */
  policy: boolean;
}

/** All settings, for generated documents. */
export function settingsTable(): SettingRow[] {
  const places = Object.entries(PLACES).map(([name, place]) => ({
    name,
    flag: `--${place.flag}`,
    env: [place.variable],
    default: place.default,
    meaning: place.meaning,
    policy: false,
  }));
  const rows = definitions().map((definition) => ({
    name: definition.name,
    flag: definition.facts.secret ? "" : flagOf(definition),
    env: [...definition.variables],
    default: defaultText(definition.facts.default),
    meaning: definition.meaning,
    policy: definition.facts.policy === true,
  }));
  return [...places, ...rows];
}

function defaultText(value: unknown): string {
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** JSON Schema (2020-12) of the operator's file. */
export function settingsJsonSchema(): object {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", ...jsonSchemaOf(configSchema) };
}
