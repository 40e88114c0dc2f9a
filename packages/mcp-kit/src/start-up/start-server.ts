import { join } from "node:path";
import { fileStart, isUnconfigured, keepStart, knownStart, type KnownStart } from "@platform-ops/ledger/start-up";
import { processTerminal, type StandardStreams } from "../command-line/process-terminal.ts";
import { runBin } from "../command-line/run-bin.ts";
import type { ServerConfig } from "../server-config.ts";
import type { Opening } from "./front.ts";
import type { ServerIdentity } from "./identity.ts";
import { offeredOf, recordedOpening } from "./recorded-opening.ts";
import { serveOpening, type LoadedServer } from "./serve-opening.ts";
import type { Surroundings } from "./surroundings.ts";

/** The whole of a server, loaded on first need. */
export interface WholeServer<C extends ServerConfig> {
  /** Runs the bin to its exit code: a subcommand, or the server on stdio. */
  startWhole(around: Surroundings, streams: StandardStreams): Promise<number>;
  /** For a connection that is open already, by `config` where that was read; `end` is to be awaited when it has ended. */
  loadWhole(around: Surroundings, config?: C): Promise<{ server: LoadedServer; end(): Promise<void> }>;
}

/** A bin by its parts; those that a plain start does not need are loaded on first need. */
export interface ServerStart<C extends ServerConfig> {
  readonly identity: ServerIdentity;
  /** Folder of the running file: in a build it holds opening.json and read-config.cjs. */
  readonly folder: string;
  settings(): Promise<{ readConfig(around: Surroundings): C }>;
  whole(): Promise<WholeServer<C>>;
}

/**
 * Runs a bin to its exit code. A client's opening is answered from the record made at build, and the server is loaded by
 * the first call; settings, where there are any that are not known from an earlier start, are read before. All else
 * (subcommands, wrong settings) is for the whole.
 */
export async function startServer<C extends ServerConfig>(
  around: Surroundings,
  streams: StandardStreams,
  start: ServerStart<C>,
): Promise<number> {
  const isServed = around.platform !== "win32" && streams.stdin.isTTY !== true && !/^[^-]/.test(around.argv[0] ?? "");
  const opening = isServed ? recordedOpening(start.folder, start.identity.version) : undefined;
  const served = opening === undefined ? undefined : await servedBy(around, start);
  if (opening === undefined || served === undefined) return await (await start.whole()).startWhole(around, streams);
  return await serveRecorded(offeredOf(opening, served.known), around, served.config, streams, start);
}

/** What must be known of the settings to give the list of tools from the record, and they themselves where they were read. */
interface Served<C> {
  readonly known: KnownStart;
  readonly config?: C;
}

/** Undefined where the whole must be asked. */
async function servedBy<C extends ServerConfig>(around: Surroundings, start: ServerStart<C>): Promise<Served<C> | undefined> {
  if (isUnconfigured(around)) return { known: { readOnly: false } };
  const byFile = fileStart(around, join(start.folder, "read-config.cjs"));
  const known = byFile === undefined ? undefined : knownStart(byFile);
  if (known !== undefined) return { known };
  const config = await configToServe(around, start);
  if (config === undefined) return undefined;
  const toolsets = config.policy.toolsets ?? config.settings.toolsets;
  const told = { readOnly: config.policy.read_only || config.settings.read_only, ...(toolsets !== undefined && { toolsets }) };
  const { allowed_signers, revoked } = config.policy.approvals.signed ?? {};
  const vouching = [allowed_signers, revoked].filter((path) => path !== undefined);
  if (byFile !== undefined) keepStart(byFile, told, vouching);
  return { known: told, config };
}

/** The settings of a server that serves; undefined where the whole must be asked. */
async function configToServe<C extends ServerConfig>(around: Surroundings, start: ServerStart<C>): Promise<C | undefined> {
  const { readConfig } = await start.settings();
  try {
    const config = readConfig(around);
    return config.rest.length > 0 ? undefined : config;
  } catch {
    // The whole start finds the same problems, and words them.
    return undefined;
  }
}

async function serveRecorded<C extends ServerConfig>(
  opening: Opening,
  around: Surroundings,
  config: C | undefined,
  streams: StandardStreams,
  start: ServerStart<C>,
): Promise<number> {
  let end = async (): Promise<void> => undefined;
  const serve = (): Promise<void> =>
    serveOpening(opening, { input: streams.stdin, output: streams.stdout, signals: process }, async () => {
      const loaded = await (await start.whole()).loadWhole(around, config);
      end = loaded.end;
      return loaded.server;
    });
  const { bin: name, version } = start.identity;
  const terminal = processTerminal(streams, { color: "never" });
  const code = await runBin({ name, version, argv: [], commands: async () => [], serve, terminal });
  await end();
  return code;
}
