import { isOpsError } from "@platform-ops/errors";
import type { Check } from "@platform-ops/ledger";
import type { DurableServer } from "./durable-server.ts";
import { workerSpec } from "./worker-spec.ts";

/** What `doctor` says of a server's worker: whether its build and its runtime are there. */
export async function workerCheck(server: DurableServer): Promise<Check> {
  const { settings, startedAs } = server.config;
  if (settings.temporal.workers === "external") return { name: "worker", status: "ok", found: "run elsewhere, by the settings" };
  try {
    return { name: "worker build and runtime", status: "ok", found: (await workerSpec(server)).version };
  } catch (error) {
    return { name: "worker build and runtime", status: "missing", cure: isOpsError(error) ? error.hint : `Run: ${startedAs} setup` };
  }
}
