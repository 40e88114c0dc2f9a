import { number, record, records, text } from "./fields.ts";
import type { Projection } from "./projection.ts";

/** How a pod stands, in a line's worth of facts. */
export interface PodSummary {
  readonly namespace: string;
  readonly name: string;
  /** As `kubectl get pods` computes it: Running, CrashLoopBackOff, Init:…, Terminating, … */
  readonly status: string;
  readonly ready: string;
  readonly restarts: number;
  readonly node?: string;
  /** The container that is in trouble, with what it says. */
  readonly trouble?: { readonly container: string; readonly reason: string; readonly message?: string; readonly exit_code?: number };
}

/** What is read of a pod: no environment, no volumes. */
export const POD_PROJECTION: Projection = {
  name: ["metadata", "name"],
  namespace: ["metadata", "namespace"],
  deleted: ["metadata", "deletionTimestamp"],
  node: ["spec", "nodeName"],
  phase: ["status", "phase"],
  reason: ["status", "reason"],
  conditions: ["status", "conditions"],
  containers: ["status", "containerStatuses"],
  init: ["status", "initContainerStatuses"],
};

/** A row of that projection → summary. */
export function podSummary(row: Record<string, unknown>): PodSummary {
  const containers = records(row["containers"]);
  const init = records(row["init"]);
  const ready = containers.filter((one) => one["ready"] === true).length;
  const restarts = [...containers, ...init].reduce((sum, one) => sum + (number(one["restartCount"]) ?? 0), 0);
  const node = text(row["node"]);
  const trouble =
    init.map(troubleOf).find((one) => one !== undefined) ?? containers.map(troubleOf).find((one) => one !== undefined) ?? unscheduled(row);
  return {
    namespace: text(row["namespace"]) ?? "",
    name: text(row["name"]) ?? "",
    status: statusColumn(row, containers, init),
    ready: `${ready}/${containers.length}`,
    restarts,
    ...(node === undefined ? {} : { node }),
    ...(trouble === undefined ? {} : { trouble }),
  };
}

/** The STATUS column is computed, it is not the phase. */
function statusColumn(
  row: Record<string, unknown>,
  containers: readonly Record<string, unknown>[],
  init: readonly Record<string, unknown>[],
): string {
  if (text(row["deleted"]) !== undefined) return "Terminating";
  for (const one of init) {
    const { waiting, terminated } = stateOf(one);
    const exit = number(terminated["exitCode"]);
    if (text(terminated["reason"]) !== undefined && exit !== undefined && exit !== 0) return `Init:${text(terminated["reason"])}`;
    const reason = text(waiting["reason"]);
    if (reason !== undefined && reason !== "PodInitializing") return `Init:${reason}`;
  }
  for (const one of containers) {
    const { waiting, terminated } = stateOf(one);
    const reason = text(waiting["reason"]) ?? text(terminated["reason"]);
    if (reason !== undefined) return reason;
  }
  return text(row["reason"]) ?? text(row["phase"]) ?? "Unknown";
}

function stateOf(container: Record<string, unknown>): { waiting: Record<string, unknown>; terminated: Record<string, unknown> } {
  const state = record(container["state"]);
  return { waiting: record(state["waiting"]), terminated: record(state["terminated"]) };
}

const FINE = new Set(["Completed", "PodInitializing", "ContainerCreating"]);

function troubleOf(container: Record<string, unknown>): PodSummary["trouble"] {
  const { waiting, terminated } = stateOf(container);
  const last = record(record(container["lastState"])["terminated"]);
  const isKilled = text(last["reason"]) === "OOMKilled";
  const reason = isKilled ? "OOMKilled" : (text(waiting["reason"]) ?? text(terminated["reason"]));
  if (reason === undefined || FINE.has(reason)) return undefined;
  const message = text(waiting["message"]) ?? text(terminated["message"]);
  const exit = number(last["exitCode"]) ?? number(terminated["exitCode"]);
  return {
    container: text(container["name"]) ?? "",
    reason,
    ...(message === undefined ? {} : { message }),
    ...(exit === undefined ? {} : { exit_code: exit }),
  };
}

function unscheduled(row: Record<string, unknown>): PodSummary["trouble"] {
  const scheduled = records(row["conditions"]).find((one) => one["type"] === "PodScheduled" && one["status"] === "False");
  if (scheduled === undefined) return undefined;
  const message = text(scheduled["message"]);
  return { container: "", reason: text(scheduled["reason"]) ?? "Unschedulable", ...(message === undefined ? {} : { message }) };
}

/** True for a pod that a person would look at. */
export function isTroubled(pod: PodSummary): boolean {
  return pod.trouble !== undefined || pod.status === "Pending" || pod.status === "Failed" || pod.status === "Unknown";
}
