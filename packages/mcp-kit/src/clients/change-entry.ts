import { isDeepStrictEqual } from "node:util";
import { OpsError } from "@platform-ops/errors";
import { paint, type CommandInput, type ExitCode, type Terminal } from "@platform-ops/ledger";
import type { ServerConfig } from "../server-config.ts";
import type { ServerIdentity } from "../start-up/identity.ts";
import type { ServerEntry } from "./client-application.ts";
import {
  copyOf,
  copyText,
  keepCopy,
  readConfigurationFile,
  removeConfigurationFile,
  replaceConfigurationFile,
  type ReadFile,
} from "./configuration-file.ts";
import { contentOf, entryOf, formatOf, saysNothing, withEntry, withoutEntry, type Configuration } from "./edit-configuration.ts";
import { entryWished, installationOf, redactorOf, valueIn, type Installation } from "./installation.ts";
import { lineChanges } from "./line-changes.ts";
import { startsServer } from "./server-entry.ts";

const LONGEST_SHOWN = 300;

/** Writes the entry, or shows or prints it. */
export async function putIn(input: CommandInput, config: ServerConfig, identity: ServerIdentity, terminal: Terminal): Promise<ExitCode> {
  const installation = installationOf(input, config, identity);

  const { application, name } = installation;
  const { entry, fields } = entryWished(input, config, identity, application);
  if (input.options["print"] === true) {
    const place = { container: application.container, name };
    terminal.stdout(
      formatOf(application).print(
        place,
        fields((variable) => `<value of ${variable}>`),
      ),
    );
    return 0;
  }
  const read = await readFor(installation);
  const configuration = configurationOf(installation, read);
  const there = entryOf(configuration);
  if (there !== undefined && !startsServer(there, identity, config))
    throw foreign(installation, "Enter this server under another name: --name");
  const made = withEntry(configuration, fields(valueIn(config, application)));
  const values = entry.variables.flatMap((variable) => config.env[variable] ?? []);
  if (made === configuration.text) {
    terminal.stdout(`${paint(terminal, "good", "✓")} ${application.title}: the entry ${name} in ${installation.file} is unchanged\n`);
    tellOf(entry, installation, config, terminal);
    return 0;
  }
  if (input.options["dry-run"] === true) return showChange(configuration, made, values, terminal);
  const copy = copyOf(read.path, name);
  // What was there before us is kept once: an entry that is only brought up to date does not take its place.
  const isKept = read.text !== undefined && (there === undefined || (await copyText(copy)) === undefined);
  if (isKept) await keepCopy(read, copy);
  await replaceConfigurationFile(read, made);
  const what = there === undefined ? "written to" : "brought up to date in";
  terminal.stdout(`${paint(terminal, "good", "✓")} ${application.title}: the entry ${name} was ${what} ${installation.file}\n`);
  if (isKept) terminal.stdout(`  before   ${copy}\n`);
  tellOf(entry, installation, config, terminal);
  return 0;
}

/** Takes the entry out; where nothing else changed since, the file becomes what it was before, byte by byte. */
export async function takeOut(input: CommandInput, config: ServerConfig, identity: ServerIdentity, terminal: Terminal): Promise<ExitCode> {
  const installation = installationOf(input, config, identity);
  const { options } = input;
  const { application, name, file } = installation;
  const read = await readFor(installation);
  const configuration = configurationOf(installation, read);
  const there = entryOf(configuration);
  if (read.text === undefined || there === undefined) {
    terminal.stdout(`${paint(terminal, "good", "✓")} ${application.title}: ${file} has no entry ${name}; nothing was changed\n`);
    return 0;
  }
  if (!startsServer(there, identity, config)) throw foreign(installation, "Name the entry that is meant: --name");
  const copy = copyOf(read.path, name);
  const kept = await copyText(copy);
  const without = withoutEntry(configuration);
  const isAsBefore = kept !== undefined && saysTheSame(configuration, kept, without);
  const made = isAsBefore ? kept : without;
  if (options["dry-run"] === true) return showChange(configuration, made, [], terminal);
  // Without a copy there was no file before us.
  if (kept === undefined && saysNothing(configuration, made)) await removeConfigurationFile(read);
  else await replaceConfigurationFile(read, made);
  if (isAsBefore) await removeConfigurationFile({ ...read, path: copy, text: kept });
  terminal.stdout(`${paint(terminal, "good", "✓")} ${application.title}: the entry ${name} was taken out of ${file}\n`);
  if (isAsBefore) terminal.stdout("  The file is what it was before, byte by byte.\n");
  else if (kept !== undefined) terminal.stdout(`  The file was changed since; what it was before is still in ${copy}\n`);
  return 0;
}

/** Whether two texts mean the same, an empty list of servers being none. */
function saysTheSame({ file, place, format }: Configuration, one: string, other: string): boolean {
  const [before, after] = [one, other].map((text) => {
    const { [place.container]: servers, ...rest } = contentOf({ file, text, format });
    return structuredClone(isDeepStrictEqual(servers, {}) || servers === undefined ? rest : { ...rest, [place.container]: servers });
  });
  return isDeepStrictEqual(before, after);
}

function readFor({ file, scope }: Installation): Promise<ReadFile> {
  return readConfigurationFile(file, scope === "user" ? 0o600 : 0o644);
}

function configurationOf({ application, name, file }: Installation, { text = "" }: ReadFile): Configuration {
  return { file, text, place: { container: application.container, name }, format: formatOf(application) };
}

function showChange(configuration: Configuration, made: string, values: readonly string[], terminal: Terminal): ExitCode {
  const redactor = redactorOf(configuration, values);
  terminal.stdout(`${configuration.file}\n`);
  for (const line of lineChanges(configuration.text, made)) {
    const masked = redactor.text(line);
    const shown = masked.length > LONGEST_SHOWN ? `${masked.slice(0, LONGEST_SHOWN)}…` : masked;
    terminal.stdout(`${paint(terminal, line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "quiet", shown)}\n`);
  }
  terminal.stdout("Nothing was written.\n");
  return 0;
}

/** What the client will run, with what, and what comes next. */
function tellOf(
  { command, args, variables }: ServerEntry,
  { application, file }: Installation,
  { env }: ServerConfig,
  terminal: Terminal,
): void {
  terminal.stdout(`  runs     ${[command, ...args].map(quoted).join(" ")}\n`);
  if (variables.length > 0)
    terminal.stdout(
      application.keepsValues
        ? `  with     ${variables.join(", ")}, whose values stand in ${file}: keep it to yourself\n`
        : `  with     ${variables.join(", ")}, from the client's own environment\n`,
    );
  const unsaid = ["PLATFORM_OPS_HOME", "PLATFORM_OPS_CONFIG"].filter((name) => env[name] && !variables.includes(name));
  for (const name of unsaid) terminal.stdout(`  note     ${name} is set here; where the client does not have it, add --env ${name}\n`);
  terminal.stdout(`  approve  ${application.approval}\n  next     ${application.next}\n`);
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function foreign({ file, name }: Installation, hint: string): OpsError {
  return new OpsError("already_exists", `${file} has an entry ${name} that starts something else. It was not touched.`, {
    hint: `${hint} NAME`,
  });
}
