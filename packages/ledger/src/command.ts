/** Where a subcommand reads and writes; the only face of the terminal that it sees. */
export interface Terminal {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Whether a person is there: both input and output are a terminal. */
  readonly isTTY: boolean;
  readonly color: boolean;
  /** Width in characters. */
  readonly columns: number;
  /** Asks for a line; only there at a terminal. */
  ask?(question: string): Promise<string>;
  /**
   * When all is written: why not all of it arrived on stdout, as on a full disk. A reader that went away (`| head`) is no reason.
   */
  lost?(): Promise<Error | undefined>;
}

/** One option of a subcommand, as `parseArgs` of node:util takes it, with what it means. */
export interface CommandOption {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: boolean;
  readonly description: string;
}

/** What was typed after the subcommand's name. */
export interface CommandInput {
  readonly positionals: string[];
  readonly options: Record<string, string | boolean | string[] | undefined>;
}

/** 0 done · 1 the thing asked failed · 2 wrong use or configuration · 3 a needed part is missing. */
export type ExitCode = 0 | 1 | 2 | 3;

/** A subcommand as an inert value; `mcp-kit` parses its options, runs it and words its failures. */
// The default is `any` so that a bin can list commands of different dependencies.
export interface Command<D = any> {
  readonly name: string;
  /** One line for the list of subcommands. */
  readonly summary: string;
  /** What stands after the bin's name, for example `approve ID [--key FILE]`. One that names options alone takes nothing else. */
  readonly usage: string;
  /** As they are typed, without the bin's name; `--help` shows them. */
  readonly examples?: readonly string[];
  readonly options?: Record<string, CommandOption>;
  /** It helps to set wrong settings right, and is run with what could be read of them; any other subcommand is refused then. */
  readonly withWrongSettings?: true;
  run(input: CommandInput, deps: D, terminal: Terminal, signal: AbortSignal): Promise<ExitCode>;
}

/** Gives a subcommand its types. */
export function defineCommand<D>(command: Command<D>): Command<D> {
  return command;
}
