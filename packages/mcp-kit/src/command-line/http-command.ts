import { defineCommand, type Command } from "@platform-ops/ledger";
import type { HttpServing, Served } from "../http/serve-http.ts";
import { guardProcess } from "../stdio/process-guard.ts";
import type { ServerDefinition } from "../server-definition.ts";
import type { ServerDeps } from "../server-deps.ts";

/** What the subcommand needs of its server. */
export interface HttpCommandParts<D> {
  definition(deps: D): ServerDefinition<D>;
  /** The server's dependencies anew, by the settings as they are now. Throws OpsError settings_invalid. */
  renew(): D;
  /** Brings the HTTP face, which nothing else loads. */
  load(): Promise<{ serveHttp(serving: HttpServing): Promise<void> }>;
}

/** `http`: serves Streamable HTTP until it is interrupted; a change of the operator's file counts without a restart. */
export function httpCommand<D extends ServerDeps & { close(): Promise<void> }>(parts: HttpCommandParts<D>): Command<D> {
  const servedBy = (deps: D): Served => ({
    definition: parts.definition(deps),
    settings: deps.config.settings.http,
    ready: () => deps.ledger(),
  });
  return defineCommand<D>({
    name: "http",
    summary: "Serve MCP over HTTP (Streamable HTTP), on this machine unless the operator's file says more",
    usage: "http [--port N]",
    examples: ["http --port 8720"],
    // For the help: as a setting it is read before a subcommand's own options are.
    options: { port: { type: "string", description: "Port to listen on (setting http.port); 0, the default, takes a free one" } },
    async run(_input, deps, terminal, signal) {
      const first = servedBy(deps);
      const release = guardProcess(first.definition);
      try {
        const [{ serveHttp }, { tokens }] = await Promise.all([parts.load(), deps.ledger()]);
        await serveHttp({
          ...first,
          tokens,
          signal,
          onListening: (urls) => terminal.stderr(`${deps.config.name} listens on ${urls.join(" and ")}\n`),
          renewal: {
            files: deps.config.settingsFiles,
            renew() {
              const next = parts.renew();
              return { ...servedBy(next), close: () => next.close() };
            },
          },
        });
        return 0;
      } finally {
        release();
      }
    },
  });
}
