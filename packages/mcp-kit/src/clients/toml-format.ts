import { OpsError } from "@platform-ops/errors";
import { parse, stringify, TomlError } from "smol-toml";
import type { EntryFields } from "./client-application.ts";
import { unreadable, type ConfigurationFormat, type EntryPlace } from "./configuration-format.ts";
import { tomlStatements, type TomlStatement } from "./toml-statements.ts";

/** TOML, of which only our own tables are touched. */
export const tomlFormat: ConfigurationFormat = {
  parse(text, file) {
    try {
      return parse(text) as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      // The rest of its message repeats a piece of the file.
      const [what = "not TOML"] = error.message.split("\n");
      throw unreadable(file, error, what.replace(/^Invalid TOML document: /, ""));
    }
  },

  put(text, place, fields) {
    const statements = tomlStatements(text);
    const own = ownTables(text, statements, place).find(({ path }) => path.length === 2);
    if (own === undefined)
      return `${text.trimEnd()}${text.trim() === "" ? "" : `${eolOf(text)}${eolOf(text)}`}${ourTable(text, place, fields)}`;
    const pairs = own.statements.filter(({ kind }) => kind === "pair");
    const [header] = own.statements;
    const edits = Object.entries(fields).map(([key, value]) => {
      const line = `${stringify({ [key]: value }).trim()}${eolOf(text)}`;
      const there = pairs.find((pair) => keyOf(text, pair) === key);
      return there === undefined ? { start: header!.end, end: header!.end, line } : { start: there.start, end: there.end, line };
    });
    return edits
      .toSorted((one, other) => other.start - one.start)
      .reduce((before, { start, end, line }) => `${ended(before.slice(0, start), eolOf(text))}${line}${before.slice(end)}`, text);
  },

  take(text, place) {
    const statements = tomlStatements(text);
    const tables = ownTables(text, statements, place);
    if (tables.length === 0) throw elsewhere(place);
    return tables.toReversed().reduce((before, { statements: own }) => {
      // Comments after the last pair belong to what follows.
      const last = own.findLast(({ kind }) => kind !== "other")!;
      const rest = before.slice(last.end).replace(/^(\r?\n)+/, "");
      const kept = before.slice(0, own[0]!.start).replace(/(\r?\n)+$/, eolOf(text));
      return kept.trim() === "" ? rest : rest.trim() === "" ? kept : `${kept}${eolOf(text)}${rest}`;
    }, text);
  },

  print(place, fields) {
    return ourTable("", place, fields);
  },
};

function ourTable(text: string, { container, name }: EntryPlace, fields: EntryFields): string {
  return `${stringify({ [container]: { [name]: fields } }).trim()}\n`.replaceAll("\n", eolOf(text));
}

/** The tables of an entry: `[container.name]` and those under it, each with its statements. */
function ownTables(text: string, statements: readonly TomlStatement[], { container, name }: EntryPlace) {
  const starts = statements.flatMap(({ kind }, index) => (kind === "table" ? [index] : []));
  return starts
    .map((from, index) => {
      const own = statements.slice(from, starts[index + 1]);
      return { path: pathOf(text, own[0]!), statements: own };
    })
    .filter(({ path }) => path[0] === container && path[1] === name);
}

/** `[a."b c"]` → ["a", "b c"]: what a parser makes of the header alone. */
function pathOf(text: string, { start, end }: TomlStatement): string[] {
  const path: string[] = [];
  let value: unknown = parse(text.slice(start, end));
  while (typeof value === "object" && value !== null && !Array.isArray(value)) {
    const [key] = Object.keys(value);
    if (key === undefined) break;
    path.push(key);
    value = (value as Record<string, unknown>)[key];
  }
  return path;
}

function keyOf(text: string, { start, end }: TomlStatement): string | undefined {
  return Object.keys(parse(text.slice(start, end)))[0];
}

const eolOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");

/** A file may end without a line's end. */
const ended = (text: string, eol: string): string => (text === "" || text.endsWith("\n") ? text : `${text}${eol}`);

function elsewhere({ container, name }: EntryPlace): OpsError {
  return new OpsError(
    "invalid_config",
    `The entry ${name} does not stand in a table [${container}.${name}] of its own. Nothing was changed.`,
    {
      hint: "Take it out by hand.",
    },
  );
}
