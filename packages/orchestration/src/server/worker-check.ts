import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { openDataDirectory, type Check } from "@platform-ops/ledger";
import type { clusterChecks, connectionTarget } from "../client.ts";
import { diagnoseTemporal, supervisorChecks } from "../local/diagnose-temporal.ts";
import type { DurableServer } from "./durable-server.ts";
import { queueFamily, runQueue } from "./run-queue.ts";
import { setUpTemporal, setUpWorker } from "./setup-parts.ts";
import { workerSpec } from "./worker-spec.ts";

/** What of the client face looks at a cluster: given by the caller, so that it is a part of its own in a build. */
export type DoctorFace = () => Promise<{ clusterChecks: typeof clusterChecks; connectionTarget: typeof connectionTarget }>;

/** What `doctor` says of all that durable runs need: Temporal, and the worker's build with its runtime. */
export async function durableChecks(server: DurableServer, client: DoctorFace): Promise<Check[]> {
  const { settings, path } = server.config;
  const { home, cache, temporal } = settings;
  const elsewhere = await clusterPart(server, client);
  if (elsewhere !== undefined) return [...elsewhere, ...(await supervisorChecks(home)), await workerCheck(server)];
  const mend = { what: "Install Temporal", run: async (say: (line: string) => void) => void (await setUpTemporal(server, say)) };
  return [...(await diagnoseTemporal({ home, cache, path, temporal, mend })), await workerCheck(server)];
}

/** Undefined where Temporal is local. */
async function clusterPart(server: DurableServer, client: DoctorFace): Promise<Check[] | undefined> {
  const { settings, env, startedAs } = server.config;
  const { clusterChecks: look, connectionTarget: targetOf } = await client();
  try {
    const target = await targetOf(settings.temporal, env);
    if (target === undefined) return undefined;
    return await look({
      target,
      queue: await clusterQueue(server),
      workers: settings.temporal.workers,
      workerCommand: `${startedAs} worker`,
    });
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return [{ id: "temporal", name: "Temporal in use", status: "broken", found: error.message, cure: error.hint }];
  }
}

/** The queue of runs that begin now. One that is named by the data directory is not known before that is made, and doctor makes none. */
async function clusterQueue(server: DurableServer): Promise<string | undefined> {
  if (queueFamily(server, "") === undefined) return runQueue(server, "", undefined);
  const { home } = server.config.settings;
  if (!existsSync(home)) return undefined;
  const directory = await openDataDirectory(home).catch(() => undefined);
  return directory === undefined ? undefined : runQueue(server, directory.id, undefined);
}

async function workerCheck(server: DurableServer): Promise<Check> {
  const { settings } = server.config;
  const about = { id: "worker", name: "worker and its runtime" } as const;
  if (settings.temporal.workers === "external") return { ...about, status: "ok", found: "run elsewhere, by the settings" };
  // Asking for the worker copies its build; doctor makes no data directory.
  if (!existsSync(settings.home)) return { ...about, status: "missing", found: "not set up yet", ...cureOf(server) };
  try {
    const { version, build } = await workerSpec(server);
    return { ...about, status: "ok", version, path: build };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    const isDisk = error.code !== "setup_needed";
    const found = { ...about, found: error.message };
    return isDisk ? { ...found, status: "broken", cure: error.hint } : { ...found, status: "missing", ...cureOf(server) };
  }
}

function cureOf(server: DurableServer): Pick<Check, "wanted" | "cure" | "mend"> {
  const { startedAs, dist } = server.config;
  const mend = { what: "Install the worker's runtime", run: async (say: (line: string) => void) => void (await setUpWorker(server, say)) };
  return { wanted: wantedRuntime(dist), cure: `Run: ${startedAs} setup`, mend };
}

/** What the lock file that ships with the build names. */
function wantedRuntime(dist: string): string {
  try {
    const { dependencies = {} } = JSON.parse(readFileSync(join(dist, "runtime", "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    return `@temporalio/worker ${dependencies["@temporalio/worker"] ?? ""}`.trim();
  } catch {
    return "a built worker";
  }
}
