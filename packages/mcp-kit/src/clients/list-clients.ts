import { isOpsError } from "@platform-ops/errors";
import { paint, table, type ExitCode, type Terminal } from "@platform-ops/ledger";
import type { ServerConfig } from "../server-config.ts";
import type { ServerIdentity } from "../start-up/identity.ts";
import { CLIENT_APPLICATIONS } from "./applications.ts";
import type { ClientApplication } from "./client-application.ts";
import { readConfigurationFile } from "./configuration-file.ts";
import { entryOf, formatOf } from "./edit-configuration.ts";
import { placesOf } from "./installation.ts";
import { entryName, startsServer } from "./server-entry.ts";

/** Which clients are known, their files, and where this server is entered already. */
export async function listClients(config: ServerConfig, identity: ServerIdentity, terminal: Terminal): Promise<ExitCode> {
  const rows: string[][] = [["CLIENT", "SCOPE", "THIS SERVER", "FILE"].map((word) => paint(terminal, "quiet", word))];
  for (const application of CLIENT_APPLICATIONS)
    for (const scope of ["user", "project"] as const) {
      const file = application.file(scope, placesOf(config));
      if (file === undefined) continue;
      const { tone, word } = await stateOf(application, file, config, identity);
      rows.push([scope === "user" ? application.id : "", scope, paint(terminal, tone, word), shortened(file, config)]);
    }
  terminal.stdout(table(terminal, rows));
  terminal.stdout("\nEnter this server in one of them: install CLIENT [--scope project]; --dry-run shows the change first.\n");
  return 0;
}

async function stateOf(
  application: ClientApplication,
  file: string,
  config: ServerConfig,
  identity: ServerIdentity,
): Promise<{ tone: "good" | "warning" | "quiet"; word: string }> {
  const name = entryName(identity, undefined);
  try {
    const { text } = await readConfigurationFile(file, 0o600);
    if (text === undefined) return { tone: "quiet", word: "no file" };
    const entry = entryOf({ file, text, place: { container: application.container, name }, format: formatOf(application) });
    if (entry === undefined) return { tone: "quiet", word: "not entered" };
    return startsServer(entry, identity, config) ? { tone: "good", word: "entered" } : { tone: "warning", word: "other" };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return { tone: "warning", word: "unreadable" };
  }
}

/** The home folder as `~`. */
function shortened(file: string, { homeFolder }: ServerConfig): string {
  return file.startsWith(`${homeFolder}/`) ? `~${file.slice(homeFolder.length)}` : file;
}
