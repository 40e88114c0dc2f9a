import { join } from "node:path";
import { installTemporal } from "../setup/install-temporal.ts";
import { locateTemporal } from "../setup/locate-temporal.ts";
import { installWorkerBuild } from "../setup/worker-build.ts";
import { installWorkerRuntime } from "../setup/worker-runtime.ts";
import type { DurableServer } from "./durable-server.ts";

/**
 * Brings Temporal's binary where local Temporal is used and none is found; resolves to what there is now.
 * @throws OpsError setup_needed
 */
export async function setUpTemporal({ config }: DurableServer, say: (line: string) => void): Promise<string> {
  const { settings, path } = config;
  if (settings.temporal.address !== undefined) return `Temporal: the one at ${settings.temporal.address} is used`;
  const found = await locateTemporal({
    home: settings.home,
    cache: settings.cache,
    path,
    ...(settings.temporal.binary === undefined ? {} : { configured: settings.temporal.binary }),
  });
  if (found !== undefined) return `Temporal: server ${found.serverVersion}, ${found.from}`;
  return `Temporal: installed ${await installTemporal({ cache: settings.cache, onProgress: (line) => say(`Temporal: ${line}`) })}`;
}

/**
 * Brings the worker's build and what it runs on, also where workers are run by others: this may be the machine that runs them.
 * Resolves to what there is now.
 * @throws OpsError setup_needed
 */
export async function setUpWorker({ config }: DurableServer, say: (line: string) => void): Promise<string> {
  const { settings, dist } = config;
  const runtime = await installWorkerRuntime({
    home: settings.home,
    cache: settings.cache,
    lockDir: join(dist, "runtime"),
    onProgress: (line) => say(`Worker runtime: ${line}`),
  });
  const build = await installWorkerBuild({ home: settings.home, from: dist });
  return `Worker: ${build.version} with its runtime ${runtime.split("/").slice(-2, -1).join("")}`;
}
