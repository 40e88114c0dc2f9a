import { isAbsolute, join } from "node:path";

/** Where a client's entry lies: for everything its user does, or for one project. */
export type InstallScope = "user" | "project";

/** From what a client's files are found. */
export interface ClientPlaces {
  /** The user's home folder. */
  readonly home: string;
  /** The project's folder. */
  readonly project: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How a server is started: what every client's entry says in its own words. */
export interface ServerEntry {
  readonly command: string;
  readonly args: readonly string[];
  /** Names of the variables that the operator wants the server to have. */
  readonly variables: readonly string[];
}

/** An entry as a client's file holds it. Values of variables stand in it only where the client cannot refer to them. */
export type EntryFields = Readonly<Record<string, string | readonly string[] | Readonly<Record<string, string>>>>;

/** A program with an agent, which starts MCP servers by its own configuration file. */
export interface ClientApplication {
  /** As typed: `install ID`. */
  readonly id: string;
  readonly title: string;
  readonly format: "jsonc" | "toml";
  /** The key under which the file holds its servers. */
  readonly container: string;
  /** The file of a scope; undefined where the client has no such scope. */
  file(scope: InstallScope, places: ClientPlaces): string | undefined;
  /** The entry. `valueOf` gives a variable's value, for clients that cannot refer to one. */
  fields(entry: ServerEntry, valueOf: (variable: string) => string): EntryFields;
  /** Whether the values of variables stand in the file. */
  readonly keepsValues: boolean;
  /** How a person decides there, and what to do after the entry is written. One line each. */
  readonly approval: string;
  readonly next: string;
}

/** `$NAME` where it is an absolute path, else `~` and the rest. */
export function folderOf(variable: string | undefined, home: string, ...otherwise: string[]): string {
  return variable !== undefined && isAbsolute(variable) ? variable : join(home, ...otherwise);
}
