import { isUnconfigured } from "@platform-ops/ledger/start-up";
import { processTerminal, runBin, serveOpening, type Opening, type StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { ServerConfig, Surroundings } from "./config.ts";
import { BIN_NAME, VERSION } from "./identity.ts";
import { recordedOpening } from "./recorded-opening.ts";

/**
 * Runs the bin to its exit code. A client's opening is answered from the record made at build, and the server is loaded by
 * the first call; settings, where there are any, are read before. All else (subcommands, wrong settings) is for the whole.
 */
export async function start(around: Surroundings, streams: StandardStreams): Promise<number> {
  const isServed = around.platform !== "win32" && streams.stdin.isTTY !== true && !/^[^-]/.test(around.argv[0] ?? "");
  const opening = isServed ? recordedOpening() : undefined;
  if (opening !== undefined && isUnconfigured(around)) return await serveRecorded(opening, around, undefined, streams);
  const config = opening === undefined ? undefined : await configToServe(around);
  if (opening === undefined || config === undefined) return await (await import("./whole-start.ts")).startWhole(around, streams);
  const isReadOnly = config.policy.read_only || config.settings.read_only;
  const tools = opening.tools.filter((tool) => !isReadOnly || tool.annotations.readOnlyHint);
  return await serveRecorded({ ...opening, tools }, around, config, streams);
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
