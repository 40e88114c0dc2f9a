import { isUnconfigured } from "@platform-ops/ledger/start-up";
import { processTerminal, runBin, serveOpening, type Opening, type StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { Surroundings } from "./config.ts";
import { BIN_NAME, VERSION } from "./identity.ts";
import { recordedOpening } from "./recorded-opening.ts";

/**
 * Runs the bin to its exit code. Where nothing configures the server, a client's opening is answered from the record made
 * at build, and the server is loaded by the first call; in all other cases it is loaded at once.
 */
export async function start(around: Surroundings, streams: StandardStreams): Promise<number> {
  const opening = isUnconfigured(around) && around.platform !== "win32" && streams.stdin.isTTY !== true ? recordedOpening() : undefined;
  if (opening === undefined) return await (await import("./whole-start.ts")).startWhole(around, streams);
  return await serveRecorded(opening, around, streams);
}

async function serveRecorded(opening: Opening, around: Surroundings, streams: StandardStreams): Promise<number> {
  let end = async (): Promise<void> => undefined;
  const serve = (): Promise<void> =>
    serveOpening(opening, { input: streams.stdin, output: streams.stdout, signals: process }, async () => {
      const { loadWhole } = await import("./whole-start.ts");
      const whole = await loadWhole(around);
      end = whole.end;
      return whole.server;
    });
  const code = await runBin({ name: BIN_NAME, version: VERSION, argv: [], commands: async () => [], serve, terminal: processTerminal(streams, { noColor: true }) });
  await end();
  return code;
}
