import { isOpsError, type OpsError } from "@platform-ops/errors";
import type { Check } from "@platform-ops/ledger";
import type { Connection } from "@temporalio/client";
import type { ConnectionTarget } from "../client/connection-target.ts";
import { openConnection } from "../client/connection.ts";
import { missingAttributes } from "../client/namespace.ts";
import { isPolled } from "../client/task-queue.ts";
import { fromFailure, isNamespaceMissing } from "../failure/from-failure.ts";
import { createNamespace, createSearchAttributes } from "./cluster-commands.ts";
import { faultOf } from "./connection-fault.ts";
import { lookAt } from "./look.ts";

const STEP_MS = 3_000;
const REQUEST_MS = 5_000;
/** As doctor's other look at the clock. */
const TOLERATED_MS = 5 * 60_000;

/** What of a server matters to its cluster. */
export interface ClusterUse {
  readonly target: ConnectionTarget;
  /** Of the runs that begin now; undefined where that is not known yet. */
  readonly queue: string | undefined;
  /** Who runs the workers. */
  readonly workers: "local" | "external";
  /** The command that starts one. */
  readonly workerCommand: string;
}

/** What stands between us and durable runs in a cluster, from the network to the worker. What comes behind a fault is not asked. */
export async function clusterChecks(use: ClusterUse): Promise<Check[]> {
  const { target } = use;
  const about = { id: "temporal", name: "Temporal in use" } as const;
  const where = `the cluster at ${target.address}, by the settings`;
  const sight = await lookAt(target, STEP_MS);
  if (sight.obstacle !== undefined) {
    const { found, cure } = faultOf(sight.obstacle, target, sight.about);
    return [{ ...about, status: "broken", found: `${where}: ${found}`, cure }];
  }
  let connection: Connection;
  try {
    connection = await openConnection(target);
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return [{ ...about, status: "broken", found: `${where}: ${error.message}`, cure: error.hint }];
  }
  try {
    const version = await asked(connection, async () => (await connection.workflowService.getSystemInfo({})).serverVersion);
    const known = typeof version === "string" && version !== "" ? { found: `${where}; server ${version}`, version } : { found: where };
    const inUse: Check = { ...about, status: "ok", ...known };
    return [inUse, ...clockCheck(sight.aheadMs), ...(await insideChecks(connection, use))];
  } finally {
    await connection.close();
  }
}

async function insideChecks(connection: Connection, use: ClusterUse): Promise<Check[]> {
  const space = await namespaceCheck(connection, use.target);
  if (space.status !== "ok") return [space];
  return [space, ...(await Promise.all([attributesCheck(connection, use.target), workerCheck(connection, use)]))];
}

/** The answer, or the failure. */
async function asked<T>(connection: Connection, ask: () => Promise<T>): Promise<T | OpsError> {
  try {
    return await connection.withDeadline(Date.now() + REQUEST_MS, ask);
  } catch (error) {
    return fromFailure(error);
  }
}

/** Only where something before Temporal tells the time. */
function clockCheck(aheadMs: number | undefined): Check[] {
  if (aheadMs === undefined || Math.abs(aheadMs) <= TOLERATED_MS) return [];
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  return [
    {
      id: "temporal_clock",
      name: "Temporal's clock",
      status: "warn",
      found: `this machine's clock is ${minutes} min ${aheadMs > 0 ? "behind" : "ahead of"} it`,
      cure: "Set both clocks, best by the system's time service: certificates, keys and approvals end by them.",
    },
  ];
}

async function namespaceCheck(connection: Connection, target: ConnectionTarget): Promise<Check> {
  const { namespace } = target;
  const about = { id: "temporal_namespace", name: "Temporal's namespace" } as const;
  const answer = await asked(connection, () => connection.workflowService.describeNamespace({ namespace }));
  if (!isOpsError(answer)) {
    const days = Math.round(Number(answer.config?.workflowExecutionRetentionTtl?.seconds ?? 0) / 86_400);
    return { ...about, status: "ok", found: `${namespace}${days > 0 ? `, which keeps closed runs for ${days} day(s)` : ""}` };
  }
  if (isNamespaceMissing(answer))
    return {
      ...about,
      status: "missing",
      found: `${namespace} does not exist there`,
      cure: `Correct temporal.namespace (TEMPORAL_NAMESPACE), or make it. Run: ${createNamespace(target)}`,
    };
  if (answer.code !== "temporal_denied") return { ...about, status: "broken", found: answer.message, cure: answer.hint };
  const { found, cure } = faultOf("credentials_refused", target);
  return { ...about, status: "broken", found, cure };
}

async function attributesCheck(connection: Connection, target: ConnectionTarget): Promise<Check> {
  const about = { id: "temporal_search_attributes", name: "Temporal's search attributes" } as const;
  const missing = await asked(connection, () => missingAttributes(connection, target.namespace));
  // Many clusters give nobody that right; runs then begin without them.
  if (isOpsError(missing)) return { ...about, status: "ok", found: "cannot be asked for here; runs are found by their memo" };
  if (missing.length === 0) return { ...about, status: "ok", found: "registered" };
  return {
    ...about,
    status: "warn",
    found: `not registered: ${missing.join(", ")}; lists read the memo of every run instead, which is slow among many`,
    cure: `Register them. Run: ${createSearchAttributes(target, missing)}`,
  };
}

async function workerCheck(connection: Connection, { target, queue, workers, workerCommand }: ClusterUse): Promise<Check> {
  const about = { id: "temporal_worker", name: "worker in the cluster" } as const;
  const none = "none yet; the first call that needs one starts it";
  if (queue === undefined) return { ...about, status: "ok", found: none };
  const polled = await asked(connection, () => isPolled(connection, target.namespace, queue));
  if (isOpsError(polled))
    return {
      ...about,
      status: "warn",
      found: `whether one polls ${queue} cannot be asked here`,
      cure: "Look at it in Temporal's own page.",
    };
  if (polled) return { ...about, status: "ok", found: `one polls ${queue}` };
  if (workers === "local") return { ...about, status: "ok", found: none };
  return {
    ...about,
    status: "missing",
    found: `nobody polls ${queue}, and workers are run elsewhere by the settings (temporal.workers: external)`,
    cure: `Start one where it is meant to run, with the same data directory and settings: ${workerCommand}`,
  };
}
