import { join } from "node:path";
import { fileStart, isUnconfigured, keepStart, knownStart } from "@platform-ops/ledger/start-up";
import { processTerminal, runBin, serveOpening, type Opening, type StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { ServerConfig, Surroundings } from "./config.ts";
import { BIN_NAME, VERSION } from "./identity.ts";
import { recordedOpening } from "./recorded-opening.ts";

/** The file that reads settings, in a build. */
const SETTINGS_READER = join(import.meta.dirname, "read-config.cjs");

/**
 * Runs the bin to its exit code. A client's opening is answered from the record made at build, and the server is loaded by
 * the first call; settings, where there are any that are not known from an earlier start, are read before. All else
 * (subcommands, wrong settings) is for the whole.
 */
export async function start(around: Surroundings, streams: StandardStreams): Promise<number> {
  const isServed = around.platform !== "win32" && streams.stdin.isTTY !== true && !/^[^-]/.test(around.argv[0] ?? "");
  const opening = isServed ? recordedOpening() : undefined;
  const served = opening === undefined ? undefined : await servedBy(around);
  if (opening === undefined || served === undefined) return await (await import("./whole-start.ts")).startWhole(around, streams);
  const tools = opening.tools.filter((tool) => !served.isReadOnly || tool.annotations.readOnlyHint);
  return await serveRecorded({ ...opening, tools }, around, served.config, streams);
}

/** What must be known of the settings to give the list of tools from the record, and they themselves where they were read. */
interface Served {
  readonly isReadOnly: boolean;
  readonly config?: ServerConfig;
}

/** Undefined where the whole must be asked. */
async function servedBy(around: Surroundings): Promise<Served | undefined> {
  if (isUnconfigured(around)) return { isReadOnly: false };
  const byFile = fileStart(around, SETTINGS_READER);
  const known = byFile === undefined ? undefined : knownStart(byFile);
  if (known !== undefined) return { isReadOnly: known.readOnly };
  const config = await configToServe(around);
  if (config === undefined) return undefined;
  const isReadOnly = config.policy.read_only || config.settings.read_only;
  const { allowed_signers, revoked } = config.policy.approvals.signed ?? {};
  const vouching = [allowed_signers, revoked].filter((path) => path !== undefined);
  if (byFile !== undefined) keepStart(byFile, { readOnly: isReadOnly }, vouching);
  return { isReadOnly, config };
}

/** The settings of a server whose list of tools the record can give; undefined where the whole must be asked. */
async function configToServe(around: Surroundings): Promise<ServerConfig | undefined> {
  const { readConfig } = await import("./read-config.ts");
  try {
    const config = readConfig(around);
    const toolsets = config.policy.toolsets ?? config.settings.toolsets;
    return config.rest.length > 0 || toolsets !== undefined ? undefined : config;
  } catch {
    // The whole start finds the same problems, and words them.
    return undefined;
  }
}

async function serveRecorded(
  opening: Opening,
  around: Surroundings,
  config: ServerConfig | undefined,
  streams: StandardStreams,
): Promise<number> {
  let end = async (): Promise<void> => undefined;
  const serve = (): Promise<void> =>
    serveOpening(opening, { input: streams.stdin, output: streams.stdout, signals: process }, async () => {
      const { loadWhole } = await import("./whole-start.ts");
      const whole = await loadWhole(around, config);
      end = whole.end;
      return whole.server;
    });
  const terminal = processTerminal(streams, { noColor: true });
  const code = await runBin({ name: BIN_NAME, version: VERSION, argv: [], commands: async () => [], serve, terminal });
  await end();
  return code;
}
