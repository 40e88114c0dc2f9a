import { OpsError } from "@platform-ops/errors";
import type { EntryFields } from "./client-application.ts";

/** Where in a client's file an entry stands. */
export interface EntryPlace {
  readonly container: string;
  readonly name: string;
}

/** How one kind of configuration file is read and changed, so that all that is not ours stays as its owner wrote it. */
export interface ConfigurationFormat {
  /**
   * What the text says.
   * @throws OpsError invalid_config with line and column
   */
  parse(text: string, file: string): Record<string, unknown>;
  /** The text with the entry in it; keys of an entry that is there already, and are not ours, stay. */
  put(text: string, place: EntryPlace, fields: EntryFields): string;
  /** The text without the entry. */
  take(text: string, place: EntryPlace): string;
  /** The entry alone, as a person would paste it. */
  print(place: EntryPlace, fields: EntryFields): string;
}

/** A file that cannot be read as what it should be. What it holds is not repeated: it may be secret. */
export function unreadable(file: string, at: { line: number; column: number }, what: string): OpsError {
  return new OpsError("invalid_config", `${file}:${at.line}:${at.column}: ${what}. Nothing was changed.`, {
    hint: "Correct the file at that place, or add the entry yourself: the option --print shows it.",
    details: { file, ...at },
  });
}

/** A file that goes on inwards for ever, or nearly so. */
export function tooDeep(file: string): OpsError {
  return unreadable(file, { line: 1, column: 1 }, "it is nested too deeply");
}

/** Line and column, from 1, of a place in a text. */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
