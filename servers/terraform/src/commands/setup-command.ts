import { join } from "node:path";
import { defineCommand } from "@platform-ops/ledger";
import { installTemporal, installWorkerBuild, installWorkerRuntime, locateTemporal } from "@platform-ops/orchestration";
import type { TerraformDeps } from "../deps.ts";

/** `setup`: brings what durable runs need into the data directory and the cache. A second call finds it all there. */
export const setupCommand = defineCommand<TerraformDeps>({
  name: "setup",
  summary: "Install what durable runs need: Temporal and the worker's runtime",
  usage: "setup",
  async run(_input, deps, terminal) {
    const { settings, path, dist } = deps.config;
    const say = (line: string): void => terminal.stderr(`${line}\n`);
    await deps.ledger();
    const wanted = {
      home: settings.home,
      cache: settings.cache,
      path,
      ...(settings.temporal.binary === undefined ? {} : { configured: settings.temporal.binary }),
    };
    const temporal = async (): Promise<void> => {
      if (settings.temporal.address !== undefined) return say(`Temporal: the one at ${settings.temporal.address} is used`);
      const found = await locateTemporal(wanted);
      if (found !== undefined) return say(`Temporal: server ${found.serverVersion}, ${found.from}`);
      say(`Temporal: installed ${await installTemporal({ cache: settings.cache, onProgress: (line) => say(`Temporal: ${line}`) })}`);
    };
    const worker = async (): Promise<void> => {
      if (settings.temporal.workers === "external") return say("Worker: run elsewhere, by the settings");
      const runtime = await installWorkerRuntime({
        home: settings.home,
        cache: settings.cache,
        lockDir: join(dist, "runtime"),
        onProgress: (line) => say(`Worker runtime: ${line}`),
      });
      const build = await installWorkerBuild({ home: settings.home, from: dist });
      say(`Worker: ${build.version} with its runtime ${runtime.split("/").slice(-2, -1).join("")}`);
    };
    const ended = await Promise.allSettled([temporal(), worker()]);
    const failed = ended.find((end) => end.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    terminal.stdout("Ready.\n");
    return 0;
  },
});
