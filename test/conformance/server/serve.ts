import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HTTP_LIMITS, openAudit, openDataDirectory, openTokens } from "@platform-ops/ledger";
import { serveHttp } from "@platform-ops/mcp-kit/http";
import { conformanceServer } from "./definition.ts";

/** The server for the suite, on a loopback port of its own, without tokens: the suite has none to send. `await using` ends it. */
export async function serveConformance(): Promise<AsyncDisposable & { readonly url: string }> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "platform-ops-conformance-home-")));
  const directory = await openDataDirectory(join(folder, "home"));
  const stop = new AbortController();
  let served: Promise<void> = Promise.resolve();
  const url = await new Promise<string>((resolve, reject) => {
    served = serveHttp({
      definition: conformanceServer(),
      settings: { port: 0, host: "localhost", authentication: "none", allowed_hosts: [], allowed_origins: [], limits: HTTP_LIMITS },
      tokens: openTokens(directory, openAudit(directory)),
      signal: stop.signal,
      onListening: ([first]) => resolve(first!),
      ready: async () => undefined,
    });
    served.catch(reject);
  });
  return {
    url,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await served;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
