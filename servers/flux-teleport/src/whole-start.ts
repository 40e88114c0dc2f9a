import { setTimeout as sleep } from "node:timers/promises";
import { processTerminal, runBin, serveStdio } from "@platform-ops/mcp-kit";
import type { StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { ServerConfig, Surroundings } from "./config.ts";
import { createDeps } from "./deps.ts";
import { BIN_NAME, VERSION } from "./identity.ts";
import { readConfig } from "./read-config.ts";
import { fluxTeleportServer } from "./server.ts";

/** A client that ends a server gives it two seconds in all. */
const CLOSE_WITHIN_MS = 1000;

/** Runs the bin to its exit code: a subcommand, or the server on stdio. Wrong settings are worded like any failure. */
export async function startWhole(around: Surroundings, streams: StandardStreams): Promise<number> {
  const about = "MCP server that steers Flux and machines behind Teleport or SSH, by the operator's policy";
  let config: ServerConfig;
  try {
    config = readConfig(around);
  } catch (error) {
    const fail = (): Promise<never> => Promise.reject(error);
    return await runBin({
      name: BIN_NAME,
      version: VERSION,
      about,
      argv: [],
      commands: fail,
      serve: fail,
      terminal: processTerminal(streams, { noColor: true }),
    });
  }
  const deps = createDeps(config);
  const code = await runBin({
    name: BIN_NAME,
    version: VERSION,
    about,
    argv: config.rest,
    commands: async () => (await import("./commands/index.ts")).commandsOf(deps),
    deps: async () => deps,
    serve: () => serveStdio(fluxTeleportServer(deps)),
    terminal: processTerminal(streams, { noColor: config.noColor }),
    redactor: deps.redactor,
    platform: config.platform,
  });
  await Promise.race([deps.close(), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
  return code;
}
