import { setTimeout as sleep } from "node:timers/promises";
import { guardProcess, loadServer, processTerminal, runBin, serveStdio } from "@platform-ops/mcp-kit";
import type { LoadedServer, StandardStreams } from "@platform-ops/mcp-kit/start-up";
import type { ServerConfig, Surroundings } from "./config.ts";
import { createDeps } from "./deps.ts";
import { BIN_NAME, VERSION } from "./identity.ts";
import { readConfig } from "./read-config.ts";
import { terraformServer } from "./server.ts";

/** A client that ends a server gives it two seconds in all; the connection to Temporal needs no farewell. */
const CLOSE_WITHIN_MS = 300;

/** Runs the bin to its exit code: a subcommand, or the server on stdio. Wrong settings are worded like any failure. */
export async function startWhole(around: Surroundings, streams: StandardStreams): Promise<number> {
  const about = "MCP server that plans, reviews, approves and applies Terraform/OpenTofu workspaces as a durable DAG";
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
    serve: () => serveStdio(terraformServer(deps)),
    terminal: processTerminal(streams, { noColor: config.noColor }),
    redactor: deps.redactor,
    platform: config.platform,
  });
  await Promise.race([deps.close(), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
  return code;
}

/**
 * The server for a connection that is open already, by `config` where that was read; `end` is to be awaited when it has ended.
 * @throws OpsError settings_invalid
 */
export async function loadWhole(
  around: Surroundings,
  config: ServerConfig = readConfig(around),
): Promise<{ server: LoadedServer; end(): Promise<void> }> {
  const deps = createDeps(config);
  const definition = terraformServer(deps);
  const release = guardProcess(definition);
  return {
    server: await loadServer(definition),
    async end() {
      release();
      await Promise.race([deps.close(), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
    },
  };
}
