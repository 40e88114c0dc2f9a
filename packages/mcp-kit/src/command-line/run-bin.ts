import { parseArgs } from "node:util";
import { isOpsError, OpsError } from "@platform-ops/errors";
import type { Command, CommandInput, ExitCode, Redactor, Terminal } from "@platform-ops/ledger";
import { paint, printable } from "@platform-ops/ledger/start-up";
import { didYouMean } from "../calls/did-you-mean.ts";
import { problemLines } from "../calls/failure.ts";
import { checkArguments, quoted } from "./check-arguments.ts";
import { exitCodeOf } from "./exit-code.ts";
import { binHelp, commandHelp } from "./help-text.ts";

/** A bin as a value. */
export interface Bin {
  readonly name: string;
  readonly version: string;
  /** One line of what it is, for `--help`. */
  readonly about?: string;
  /** What stands after the bin's name, without what the settings took. */
  readonly argv: readonly string[];
  /** What is wrong with the settings: only subcommands that help to set them right are run then. */
  readonly wrongSettings?: OpsError;
  /** The subcommands; asked for only when one is named, so that serving does not load them. */
  readonly commands: () => Promise<readonly Command[]>;
  /** What the subcommands work on; not asked for by `--help`. */
  readonly deps?: () => Promise<unknown>;
  /** Speaks MCP until the input ends. */
  readonly serve: () => Promise<void>;
  readonly terminal: Terminal;
  readonly redactor?: Redactor;
  readonly platform?: NodeJS.Platform;
  readonly signals?: {
    on(signal: NodeJS.Signals, listener: () => void): unknown;
    off(signal: NodeJS.Signals, listener: () => void): unknown;
  };
}

/** Runs a bin to its exit code. Never throws; the caller ends the process with the code, since open handles may remain. */
export async function runBin(bin: Bin): Promise<ExitCode> {
  try {
    if ((bin.platform ?? process.platform) === "win32")
      throw new OpsError("unsupported_platform", "Windows is supported through WSL2 only.", { hint: "Start this inside WSL2." });
    const code = await dispatch(bin);
    const lost: NodeJS.ErrnoException | undefined = await bin.terminal.lost?.();
    if (lost === undefined) return code;
    bin.terminal.stderr(`${paint(bin.terminal, "bad", bin.name)}: the output could not be written (${lost.code ?? lost.name}).\n`);
    return code === 0 ? 1 : code;
  } catch (error) {
    bin.terminal.stderr(failureText(bin, error));
    return exitCodeOf(error);
  }
}

async function dispatch(bin: Bin): Promise<ExitCode> {
  const [name, ...rest] = bin.argv;
  if (name === undefined) {
    if (bin.wrongSettings) throw bin.wrongSettings;
    if (bin.terminal.isTTY)
      bin.terminal.stderr(`${bin.name} ${bin.version} waits for an MCP client on stdin. Subcommands: ${bin.name} --help\n`);
    await bin.serve();
    return 0;
  }
  if (name === "--version" || name === "-V") return say(bin, `${bin.version}\n`);
  const commands = await bin.commands();
  if (name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) return say(bin, binHelp(bin, commands, bin.terminal));
  // A flag that no setting has is one of them.
  if (bin.wrongSettings && name.startsWith("-")) throw bin.wrongSettings;
  const command = commands.find((each) => each.name === name);
  if (!command) throw unknownCommand(bin, name, commands);
  if (rest.includes("--help") || rest.includes("-h")) return say(bin, commandHelp(bin.name, command, bin.terminal));
  if (bin.wrongSettings && command.withWrongSettings !== true) throw bin.wrongSettings;
  return await runCommand(bin, command, rest);
}

async function runCommand(bin: Bin, command: Command, args: readonly string[]): Promise<ExitCode> {
  const input = parseOptions(bin, command, args);
  const source = bin.signals ?? process;
  const abort = new AbortController();
  const stop = (): void => abort.abort(new OpsError("cancelled", `${command.name} was interrupted.`));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) source.on(signal, stop);
  try {
    return await command.run(input, await bin.deps?.(), bin.terminal, abort.signal);
  } catch (error) {
    throw abort.signal.aborted && !isOpsError(error) ? abort.signal.reason : error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) source.off(signal, stop);
  }
}

function parseOptions(bin: Bin, command: Command, args: readonly string[]): CommandInput {
  const options = command.options ?? {};
  try {
    const known = Object.fromEntries(
      Object.entries(options).map(([name, { type, short, multiple }]) => [
        name,
        { type, ...(short && { short }), ...(multiple && { multiple }) },
      ]),
    );
    const { values, positionals } = parseArgs({ args: [...args], options: known, allowPositionals: true, strict: true });
    checkArguments(bin.name, command, positionals);
    return { positionals, options: { ...values } as CommandInput["options"] };
  } catch (error) {
    if (isOpsError(error)) throw error;
    const wrong = /'(?:-\w, )?--?([\w-]+)/.exec((error as Error).message)?.[1];
    const near = wrong === undefined ? undefined : didYouMean(wrong, Object.keys(options));
    const what =
      (error as { code?: string }).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION"
        ? `${command.name} has no option --${wrong}.`
        : (error as Error).message.split("\n", 1)[0]!;
    throw new OpsError("invalid_input", `${what}${near && near !== wrong ? ` Did you mean --${near}?` : ""}`, {
      hint: `Usage: ${bin.name} ${command.usage}`,
    });
  }
}

function unknownCommand(bin: Bin, name: string, commands: readonly Command[]): OpsError {
  const near = didYouMean(
    name,
    commands.map((each) => each.name),
  );
  const kind = name.startsWith("-") ? "option" : "subcommand";
  return new OpsError("invalid_input", `${bin.name} has no ${kind} ${quoted(name)}.${near ? ` Did you mean ${near}?` : ""}`, {
    hint: `\`${bin.name} --help\` lists them.`,
  });
}

function say(bin: Bin, text: string): 0 {
  bin.terminal.stdout(text);
  return 0;
}

/** A failure for a person at a terminal: what happened, each problem, what to do. */
function failureText(bin: Bin, error: unknown): string {
  const mask = (text: string): string => printable(bin.redactor?.text(text) ?? text);
  const name = paint(bin.terminal, "bad", bin.name);
  if (!isOpsError(error))
    return `${name}: ${mask(`unexpected failure\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)}`;
  const { problems } = error.details;
  const lines = Array.isArray(problems) ? problemLines(problems, error.message, problems.length) : [];
  return `${name}: ${shortened(mask([error.message, ...lines.map((line) => `  ${line}`), error.hint].join("\n")))}\n`;
}

/** What was typed or read may be one word of a megabyte: enough of it stays to tell which it was. */
function shortened(text: string): string {
  return text.replace(/\S{1000,}/g, (word) => `${word.slice(0, 300)}…`);
}
