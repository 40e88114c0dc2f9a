import { defineCommand, type Command } from "@platform-ops/ledger";
import type { HttpServing } from "../http/serve-http.ts";
import { guardProcess } from "../process-guard.ts";
import type { ServerDefinition } from "../server-definition.ts";
import type { ServerDeps } from "../server-deps.ts";

/** `http`: serves Streamable HTTP until it is interrupted. `load` brings the HTTP face, which nothing else loads. */
export function httpCommand<D extends ServerDeps>(
  definition: (deps: D) => ServerDefinition<D>,
  load: () => Promise<{ serveHttp(serving: HttpServing): Promise<void> }>,
): Command<D> {
  return defineCommand<D>({
    name: "http",
    summary: "serves MCP over HTTP (Streamable HTTP), on this machine unless the operator's file says more",
    usage: "http [--port N]",
    // For the help: as a setting it is read before a subcommand's own options are.
    options: { port: { type: "string", description: "Port to listen on (setting http.port); 0, the default, takes a free one" } },
    async run(_input, deps, terminal, signal) {
      const served = definition(deps);
      const release = guardProcess(served);
      try {
        const [{ serveHttp }, { tokens }] = await Promise.all([load(), deps.ledger()]);
        await serveHttp({
          definition: served,
          settings: deps.config.settings.http,
          tokens,
          signal,
          onListening: (urls) => terminal.stderr(`${deps.config.name} listens on ${urls.join(" and ")}\n`),
          ready: () => deps.ledger(),
        });
        return 0;
      } finally {
        release();
      }
    },
  });
}
