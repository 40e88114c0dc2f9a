import { join } from "node:path";
import { defineCommand, type Command } from "@platform-ops/ledger";
import { installTemporal } from "../setup/install-temporal.ts";
import { locateTemporal } from "../setup/locate-temporal.ts";
import { installWorkerBuild } from "../setup/worker-build.ts";
import { installWorkerRuntime } from "../setup/worker-runtime.ts";
import type { DurableServer } from "./durable-server.ts";

/** `setup`: brings what durable runs need into the data directory and the cache. A second call finds it all there. */
export function setupCommand<D>(of: (deps: D) => { server: DurableServer; openLedger(): Promise<unknown> }): Command<D> {
  return defineCommand<D>({
    name: "setup",
    summary: "Install what durable runs need: Temporal and the worker's runtime",
    usage: "setup",
    async run(_input, deps, terminal) {
      const { server, openLedger } = of(deps);
      const say = (line: string): void => terminal.stderr(`${line}\n`);
      await openLedger();
      const ended = await Promise.allSettled([temporal(server, say), worker(server, say)]);
      const failed = ended.find((end) => end.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      terminal.stdout("Ready.\n");
      return 0;
    },
  });
}

async function temporal({ config }: DurableServer, say: (line: string) => void): Promise<void> {
  const { settings, path } = config;
  if (settings.temporal.address !== undefined) return say(`Temporal: the one at ${settings.temporal.address} is used`);
  const found = await locateTemporal({
    home: settings.home,
    cache: settings.cache,
    path,
    ...(settings.temporal.binary === undefined ? {} : { configured: settings.temporal.binary }),
  });
  if (found !== undefined) return say(`Temporal: server ${found.serverVersion}, ${found.from}`);
  say(`Temporal: installed ${await installTemporal({ cache: settings.cache, onProgress: (line) => say(`Temporal: ${line}`) })}`);
}

async function worker({ config }: DurableServer, say: (line: string) => void): Promise<void> {
  const { settings, dist } = config;
  if (settings.temporal.workers === "external") return say("Worker: run elsewhere, by the settings");
  const runtime = await installWorkerRuntime({
    home: settings.home,
    cache: settings.cache,
    lockDir: join(dist, "runtime"),
    onProgress: (line) => say(`Worker runtime: ${line}`),
  });
  const build = await installWorkerBuild({ home: settings.home, from: dist });
  say(`Worker: ${build.version} with its runtime ${runtime.split("/").slice(-2, -1).join("")}`);
}
