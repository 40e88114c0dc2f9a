import type { Command } from "@platform-ops/ledger";

/** What `--help` prints for a bin: its subcommands, one line each, and its exit codes. */
export function binHelp(bin: { name: string; version: string; about?: string }, commands: readonly Command[]): string {
  const rows: [string, string][] = [
    ["(none)", "speaks MCP on stdin and stdout; this is what a client starts"],
    ...commands.map((command): [string, string] => [command.usage, command.summary]),
    ["--help, --version", "this text; the version"],
  ];
  return [
    `${bin.name} ${bin.version}`,
    ...(bin.about ? [bin.about] : []),
    "",
    `Usage: ${bin.name} [SUBCOMMAND] [OPTIONS]`,
    "",
    ...columns(rows),
    "",
    `\`${bin.name} SUBCOMMAND --help\` explains one of them.`,
    "Exit codes: 0 done, 1 the thing asked failed, 2 wrong use or configuration, 3 a needed part is missing.",
    "",
  ].join("\n");
}

/** What `SUBCOMMAND --help` prints. */
export function commandHelp(binName: string, command: Command): string {
  const options = Object.entries(command.options ?? {}).map(([name, option]): [string, string] => [
    `--${name}${option.short ? `, -${option.short}` : ""}${option.type === "string" ? " VALUE" : ""}`,
    `${option.description}${option.multiple ? " (may be given several times)" : ""}`,
  ]);
  return [command.summary, "", `Usage: ${binName} ${command.usage}`, ...(options.length > 0 ? ["", ...columns(options)] : []), ""].join(
    "\n",
  );
}

function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(32, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) =>
    left.length > width ? `  ${left}\n  ${" ".repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
  );
}
