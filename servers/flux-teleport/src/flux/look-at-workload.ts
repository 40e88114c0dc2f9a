import { isOpsError } from "@platform-ops/errors";
import { isName } from "@platform-ops/remote-command";
import { number, textMap } from "../kubernetes/fields.ts";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { isTroubled, POD_PROJECTION, podSummary, type PodSummary } from "../kubernetes/pods.ts";
import { EVENT_PROJECTION, foldEvents, type FoldedEvent } from "./events.ts";
import { printRef, type ObjectRef } from "./flux-object.ts";

/** How a workload that a health check names really stands. */
export interface LookedAt {
  readonly workload: ObjectRef;
  /** Such as `1 of 3 ready`. */
  readonly state: string;
  readonly pods: readonly PodSummary[];
  readonly warnings: readonly FoldedEvent[];
  /** Why less could be read than asked. */
  readonly unread?: string;
}

const RESOURCES: Readonly<Record<string, string>> = {
  Deployment: "deployments.apps",
  StatefulSet: "statefulsets.apps",
  DaemonSet: "daemonsets.apps",
  ReplicaSet: "replicasets.apps",
  Job: "jobs.batch",
  Pod: "pods",
};

const WORKLOAD_PROJECTION = {
  name: ["metadata", "name"],
  selector: ["spec", "selector", "matchLabels"],
  replicas: ["spec", "replicas"],
  ready: ["status", "readyReplicas"],
  desired: ["status", "desiredNumberScheduled"],
  numberReady: ["status", "numberReady"],
  phase: ["status", "phase"],
} as const;

const MOST_PODS = 5;
const MOST_WARNINGS = 5;

/** Looks at one workload: its numbers, the pods in trouble, and what was warned of. What cannot be read is said, never thrown. */
export async function lookAtWorkload(kubectl: Kubectl, workload: ObjectRef): Promise<LookedAt> {
  const resource = RESOURCES[workload.kind];
  const isNamed = isName("object", workload.name) && isName("namespace", workload.namespace);
  if (resource === undefined || !isNamed)
    return { workload, state: "", pods: [], warnings: [], unread: "not a workload that is looked at" };
  try {
    const row = await kubectl.get(resource, workload.namespace, workload.name, WORKLOAD_PROJECTION);
    const selector = textMap(row["selector"]);
    const [pods, warnings] = await Promise.all([readPods(kubectl, workload, selector), readWarnings(kubectl, workload)]);
    const mine = warnings.filter(({ object }) => object.name === workload.name || object.name.startsWith(`${workload.name}-`));
    return { workload, state: stateOf(row), pods: pods.filter(isTroubled).slice(0, MOST_PODS), warnings: mine.slice(0, MOST_WARNINGS) };
  } catch (error) {
    if (!isOpsError(error)) throw error;
    return {
      workload,
      state: error.code === "object_not_found" ? "missing" : "",
      pods: [],
      warnings: [],
      unread: `${printRef(workload)}: ${error.message}`,
    };
  }
}

async function readPods(kubectl: Kubectl, { kind, namespace, name }: ObjectRef, selector: Record<string, string>): Promise<PodSummary[]> {
  if (kind === "Pod") return [podSummary(await kubectl.get("pods", namespace, name, POD_PROJECTION))];
  if (Object.keys(selector).length === 0) return [];
  const { rows } = await kubectl.list(["pods"], { namespace, selector }, POD_PROJECTION);
  return rows.map(podSummary);
}

async function readWarnings(kubectl: Kubectl, { namespace }: ObjectRef): Promise<FoldedEvent[]> {
  const { rows } = await kubectl.list(["events"], { namespace, fields: { type: "Warning" } }, EVENT_PROJECTION);
  return foldEvents(rows);
}

function stateOf(row: Record<string, unknown>): string {
  const wanted = number(row["desired"]) ?? number(row["replicas"]);
  const ready = number(row["numberReady"]) ?? number(row["ready"]) ?? 0;
  if (wanted === undefined) return typeof row["phase"] === "string" ? row["phase"] : "";
  return `${ready} of ${wanted} ready`;
}
