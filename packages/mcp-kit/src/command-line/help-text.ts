import type { Command, Terminal } from "@platform-ops/ledger";
import { paint, widthOf, wrapped } from "@platform-ops/ledger/start-up";

type Page = Pick<Terminal, "isTTY" | "columns" | "color">;

const WIDEST_LEFT = 28;
const INDENT = "  ";
/** Longer lines are hard to read, however wide the terminal. */
const WIDEST_PAGE = 120;
/** What somebody who sees a bin for the first time does with it. */
const FIRST_STEPS = ["install", "setup", "doctor", "run", "call", "new", "test", "approve"];

/** What `--help` prints for a bin: its subcommands, first steps, and exit codes. */
export function binHelp(bin: { name: string; version: string; about?: string }, commands: readonly Command[], page: Page): string {
  const rows: [string, string][] = [
    ["(none)", "Speak MCP on stdin and stdout; this is what a client starts"],
    ...commands.map((command): [string, string] => [briefUsage(command), command.summary]),
  ];
  const examples = FIRST_STEPS.flatMap((name) => commands.find((command) => command.name === name)?.examples?.slice(0, 1) ?? []);
  return [
    `${bin.name} ${bin.version}\n`,
    ...(bin.about ? [paragraph(bin.about, page)] : []),
    heading("Usage", page),
    `${INDENT}${bin.name} [SUBCOMMAND] [OPTIONS]\n`,
    heading("Subcommands", page),
    ...columns(rows, page),
    ...examplesOf(bin.name, examples, page),
    heading("More", page),
    ...columns(
      [
        [`${bin.name} SUBCOMMAND --help`, "One of them, with its options"],
        ["--version", "The version"],
        ["--config FILE, --home FOLDER", "The operator's file and the data directory, as every setting's flag, go with all of them"],
      ],
      page,
    ),
    heading("Exit codes", page),
    `${INDENT}0 done\n${INDENT}1 the thing asked failed\n${INDENT}2 wrong use or configuration\n${INDENT}3 a needed part is missing\n`,
  ].join("");
}

/** What `SUBCOMMAND --help` prints. */
export function commandHelp(binName: string, command: Command, page: Page): string {
  const options = Object.entries(command.options ?? {}).map(([name, option]): [string, string] => [
    `--${name}${option.short ? `, -${option.short}` : ""}${option.type === "string" ? ` ${placeholder(command.usage, name)}` : ""}`,
    `${option.description}${option.multiple ? " (may be given several times)" : ""}`,
  ]);
  return [
    paragraph(command.summary, page),
    heading("Usage", page),
    wrapped(`${binName} ${command.usage}`, widthFor(page), INDENT),
    ...(options.length > 0 ? [heading("Options", page), ...columns(options, page)] : []),
    ...examplesOf(binName, command.examples ?? [], page),
  ].join("");
}

/** A usage without its options: what the list of subcommands has room for. */
function briefUsage({ usage }: Command): string {
  return usage.split(/ \[?--/, 1)[0]!;
}

/** What the usage calls an option's value. */
function placeholder(usage: string, option: string): string {
  return new RegExp(`--${option} ([^\\s\\]…]+)`).exec(usage)?.[1] ?? "VALUE";
}

function examplesOf(binName: string, examples: readonly string[], page: Page): string[] {
  if (examples.length === 0) return [];
  // Examples are never wrapped: they are there to be copied.
  return [heading(examples.length === 1 ? "Example" : "Examples", page), ...examples.map((example) => `${INDENT}${binName} ${example}\n`)];
}

function heading(word: string, page: Page): string {
  return `\n${paint(page, "strong", `${word}:`)}\n`;
}

function paragraph(text: string, page: Page): string {
  return wrapped(text, widthFor(page), "");
}

/** Two columns; the right one is wrapped, and starts on a line of its own where the left one is long. */
function columns(rows: readonly (readonly [string, string])[], page: Page): string[] {
  const left = Math.min(WIDEST_LEFT, widthFor(page) / 3, Math.max(...rows.map(([one]) => widthOf(one))));
  const margin = INDENT + " ".repeat(Math.ceil(left)) + INDENT;
  return rows.map(([one, other]) => {
    const text = wrapped(other, widthFor(page), margin);
    return widthOf(one) > left ? `${INDENT}${one}\n${text}` : `${INDENT}${one}${text.slice(INDENT.length + widthOf(one))}`;
  });
}

function widthFor({ isTTY, columns: wide }: Page): number {
  return isTTY ? Math.min(wide, WIDEST_PAGE) : WIDEST_PAGE;
}
