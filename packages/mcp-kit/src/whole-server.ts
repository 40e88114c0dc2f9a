import { setTimeout as sleep } from "node:timers/promises";
import { isOpsError } from "@platform-ops/errors";
import { settingsInvalid, type Command, type Redactor } from "@platform-ops/ledger";
import { processTerminal } from "./command-line/process-terminal.ts";
import { runBin } from "./command-line/run-bin.ts";
import { guardProcess } from "./stdio/process-guard.ts";
import { loadServer, serveStdio } from "./stdio/serve-stdio.ts";
import type { ServerConfig } from "./server-config.ts";
import type { ServerDefinition } from "./server-definition.ts";
import type { ServerIdentity } from "./start-up/identity.ts";
import type { WholeServer } from "./start-up/start-server.ts";
import type { Surroundings } from "./start-up/surroundings.ts";

/** A client that ends a server gives it two seconds in all; no connection of ours needs a farewell. */
const CLOSE_WITHIN_MS = 300;

/** What a whole server is made of. */
export interface ServerParts<C extends ServerConfig, D extends { readonly redactor: Redactor; close(): Promise<void> }> {
  readonly identity: ServerIdentity;
  /** @throws OpsError settings_invalid */
  readConfig(around: Surroundings): C;
  createDeps(config: C): D;
  definition(deps: D): ServerDefinition<D>;
  /** Asked for only when a subcommand is named. */
  commands(deps: D): Promise<readonly Command[]>;
}

/** The two ways to run a whole server: as a process from its arguments, and behind a connection that is open already. */
export function wholeServer<C extends ServerConfig, D extends { readonly redactor: Redactor; close(): Promise<void> }>(
  parts: ServerParts<C, D>,
): WholeServer<C> {
  const { bin: name, version, about } = parts.identity;
  const close = async (deps: D): Promise<void> => {
    await Promise.race([deps.close(), sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
  };
  return {
    async startWhole(around, streams) {
      let config: C;
      try {
        config = parts.readConfig({ ...around, isSurvey: true });
      } catch (error) {
        // Not even the places of the settings are known.
        const fail = (): Promise<never> => Promise.reject(error);
        return await runBin({
          name,
          version,
          about,
          argv: around.argv,
          commands: fail,
          serve: fail,
          terminal: processTerminal(streams, { color: "never" }),
          ...(isOpsError(error) && { wrongSettings: error }),
        });
      }
      const deps = parts.createDeps(config);
      const code = await runBin({
        name,
        version,
        about,
        argv: config.rest,
        ...(config.problems.length > 0 && { wrongSettings: settingsInvalid(config.problems) }),
        commands: () => parts.commands(deps),
        deps: async () => deps,
        serve: () => serveStdio(parts.definition(deps)),
        terminal: processTerminal(streams, { color: config.color }),
        redactor: deps.redactor,
        platform: config.platform,
      });
      await close(deps);
      return code;
    },
    async loadWhole(around, config = parts.readConfig(around)) {
      const deps = parts.createDeps(config);
      const definition = parts.definition(deps);
      const release = guardProcess(definition);
      return {
        server: await loadServer(definition),
        async end() {
          release();
          await close(deps);
        },
      };
    },
  };
}
