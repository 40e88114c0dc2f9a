import { isDeepStrictEqual } from "node:util";
import type { OpsError } from "@platform-ops/errors";
import { isDeeperThan } from "../text/is-deeper-than.ts";
import type { ClientApplication, EntryFields } from "./client-application.ts";
import { tooDeep, unreadable, type ConfigurationFormat, type EntryPlace } from "./configuration-format.ts";
import { jsoncFormat } from "./jsonc-format.ts";
import { tomlFormat } from "./toml-format.ts";

/** A mark that some editors put before UTF-8; it stays where it was. */
const BYTE_ORDER_MARK = "\uFEFF";

/** Levels of a file: what is compared and copied may be no deeper than the stack. */
const MAX_DEPTH = 500;

/** A client's file as text, and what one entry of it is. */
export interface Configuration {
  readonly file: string;
  readonly text: string;
  readonly place: EntryPlace;
  readonly format: ConfigurationFormat;
}

/** The format in which a client keeps its file. */
export function formatOf({ format }: Pick<ClientApplication, "format">): ConfigurationFormat {
  return format === "toml" ? tomlFormat : jsoncFormat;
}

/**
 * The entry that stands in the file, undefined where there is none.
 * @throws OpsError invalid_config where the file cannot be read, with line and column
 */
export function entryOf(configuration: Configuration): Record<string, unknown> | undefined {
  const entry = entriesOf(configuration)[configuration.place.name];
  if (entry === undefined) return undefined;
  if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) return entry as Record<string, unknown>;
  throw notOurForm(configuration, `${configuration.place.name} is not an entry of a server`);
}

/** What the whole file says, parsed. */
export function contentOf({ file, text, format }: Pick<Configuration, "file" | "text" | "format">): Record<string, unknown> {
  const content = format.parse(text.replace(BYTE_ORDER_MARK, ""), file);
  if (isDeeperThan(content, MAX_DEPTH)) throw tooDeep(file);
  return content;
}

/**
 * The text with the entry in it.
 * @throws OpsError invalid_config where anything else in the file would come to mean something else
 */
export function withEntry(configuration: Configuration, fields: EntryFields): string {
  const before = entryOf(configuration);
  const wanted = mergedEntry(before, fields);
  if (before !== undefined && isDeepStrictEqual(before, wanted)) return configuration.text;
  return checked(configuration, configuration.format.put(bare(configuration), configuration.place, fields), wanted);
}

/** The text without the entry; the same text where there is none. */
export function withoutEntry(configuration: Configuration): string {
  if (entryOf(configuration) === undefined) return configuration.text;
  return checked(configuration, configuration.format.take(bare(configuration), configuration.place), undefined);
}

/** Whether the file says nothing but, at most, that there are no servers. */
export function saysNothing({ file, place, format }: Configuration, text: string): boolean {
  const content = contentOf({ file, text, format });
  const keys = Object.keys(content);
  return keys.length === 0 || (keys.length === 1 && isDeepStrictEqual(content, { [place.container]: {} }));
}

/** What is there, with our keys in it; variables beside ours stay. */
function mergedEntry(before: Record<string, unknown> | undefined, fields: EntryFields): Record<string, unknown> {
  const { env } = fields;
  const there = before?.["env"];
  const merged = typeof env === "object" && typeof there === "object" ? { env: { ...there, ...env } } : {};
  return { ...before, ...fields, ...merged };
}

function entriesOf(configuration: Configuration): Record<string, unknown> {
  const { place } = configuration;
  const entries = contentOf(configuration)[place.container];
  if (entries === undefined) return {};
  if (typeof entries === "object" && entries !== null && !Array.isArray(entries)) return entries as Record<string, unknown>;
  throw notOurForm(configuration, `${place.container} is not a table of servers`);
}

const bare = ({ text }: Configuration): string => text.replace(BYTE_ORDER_MARK, "");

/** Reads what was made: it must say what it said before, but for our entry, whatever the editing of the text did. */
function checked(configuration: Configuration, made: string, wanted: unknown): string {
  const { file, place, format } = configuration;
  const before = others(contentOf(configuration), place);
  let after: Record<string, unknown>;
  try {
    after = format.parse(made, file);
  } catch {
    throw notOurForm(configuration, "the entry stands in a form that is not edited");
  }
  const entries = after[place.container] as Record<string, unknown> | undefined;
  if (!isDeepStrictEqual(plain(others(after, place)), plain(before)) || !isDeepStrictEqual(plain(entries?.[place.name]), plain(wanted)))
    throw notOurForm(configuration, "it cannot be edited without changing something else in it");
  return configuration.text.startsWith(BYTE_ORDER_MARK) ? `${BYTE_ORDER_MARK}${made}` : made;
}

/** The file without our entry, and without an empty table of servers. */
function others(content: Record<string, unknown>, { container, name }: EntryPlace): unknown {
  const { [container]: servers, ...rest } = content;
  const { [name]: _ours, ...kept } = (servers ?? {}) as Record<string, unknown>;
  return Object.keys(kept).length === 0 ? rest : { ...rest, [container]: kept };
}

/** Without the prototypes that parsers give their objects. */
const plain = (value: unknown): unknown => (value === undefined ? undefined : structuredClone(value));

function notOurForm({ file, text, place }: Configuration, what: string): OpsError {
  const index = Math.max(
    0,
    text.split("\n").findIndex((line) => line.includes(place.container)),
  );
  return unreadable(file, { line: index + 1, column: 1 }, what);
}
