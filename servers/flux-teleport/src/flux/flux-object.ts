import { number, record, records, text, textMap } from "../kubernetes/fields.ts";
import type { Projection } from "../kubernetes/projection.ts";

/** Name of an object in its namespace. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One condition of a status. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observed_generation?: number;
  readonly last_transition_time?: string;
}

/** What is read of every Flux object. */
export interface FluxObject extends ObjectRef {
  readonly generation: number;
  readonly created?: string;
  readonly suspended: boolean;
  readonly conditions: readonly Condition[];
  readonly observed_generation?: number;
  readonly requested_at?: string;
  readonly last_handled?: string;
  readonly applied_revision?: string;
  readonly attempted_revision?: string;
  readonly artifact?: { readonly revision?: string; readonly last_update?: string };
  readonly interval?: string;
  readonly timeout?: string;
  readonly path?: string;
  readonly url?: string;
  readonly ref?: Readonly<Record<string, string>>;
  readonly source?: ObjectRef;
  readonly depends_on: readonly ObjectRef[];
  /** The Kustomization that applies this object. */
  readonly parent?: ObjectRef;
  /** HelmRelease: the newest entry of its history. */
  readonly release?: { readonly name: string; readonly version: number; readonly status: string; readonly chart: string };
  /** Kustomization: how the last run that came to its end did, and with which revision. */
  readonly last_run?: { readonly reason: string; readonly revision: string };
  /** HelmRelease: namespace and name of the HelmChart made for it. */
  readonly chart?: ObjectRef;
  readonly uid?: string;
}

const REQUESTED_AT = "reconcile.fluxcd.io/requestedAt";

/** What every Flux object is asked for. A HelmRelease's values are not among it. */
export const FLUX_PROJECTION: Projection = {
  name: ["metadata", "name"],
  namespace: ["metadata", "namespace"],
  uid: ["metadata", "uid"],
  generation: ["metadata", "generation"],
  created: ["metadata", "creationTimestamp"],
  labels: ["metadata", "labels"],
  requested: ["metadata", "annotations", REQUESTED_AT],
  suspend: ["spec", "suspend"],
  interval: ["spec", "interval"],
  timeout: ["spec", "timeout"],
  path: ["spec", "path"],
  url: ["spec", "url"],
  image: ["spec", "image"],
  ref: ["spec", "ref"],
  sourceRef: ["spec", "sourceRef"],
  chartSource: ["spec", "chart", "spec", "sourceRef"],
  chartRef: ["spec", "chartRef"],
  imageRef: ["spec", "imageRepositoryRef"],
  dependsOn: ["spec", "dependsOn"],
  conditions: ["status", "conditions"],
  observed: ["status", "observedGeneration"],
  handled: ["status", "lastHandledReconcileAt"],
  applied: ["status", "lastAppliedRevision"],
  attempted: ["status", "lastAttemptedRevision"],
  artifact: ["status", "artifact"],
  helmChart: ["status", "helmChart"],
};

/** What is asked for besides, to find what is wrong: how the last runs ended. */
export const DIAGNOSIS_PROJECTION: Projection = { ...FLUX_PROJECTION, history: ["status", "history"] };

/** What one object is asked for besides, when it is looked at by itself. */
export const DETAIL_PROJECTION: Projection = {
  ...DIAGNOSIS_PROJECTION,
  prune: ["spec", "prune"],
  wait: ["spec", "wait"],
  inventory: ["status", "inventory", "entries"],
};

/** A row of that projection → object. Whatever is of another type than Kubernetes promises is taken as missing. */
export function fluxObject(row: Record<string, unknown>): FluxObject {
  const kind = text(row["kind"]) ?? "";
  const namespace = text(row["namespace"]) ?? "";
  const artifact = record(row["artifact"]);
  const labels = textMap(row["labels"]);
  return {
    kind,
    namespace,
    name: text(row["name"]) ?? "",
    generation: number(row["generation"]) ?? 0,
    suspended: row["suspend"] === true,
    conditions: records(row["conditions"]).map(condition),
    depends_on: records(row["dependsOn"]).flatMap((one) => reference(one, kind, namespace) ?? []),
    ...optional({
      uid: text(row["uid"]),
      created: text(row["created"]),
      observed_generation: number(row["observed"]),
      requested_at: text(row["requested"]),
      last_handled: text(row["handled"]),
      applied_revision: text(row["applied"]),
      attempted_revision: text(row["attempted"]),
      artifact:
        Object.keys(artifact).length === 0
          ? undefined
          : optional({ revision: text(artifact["revision"]), last_update: text(artifact["lastUpdateTime"]) }),
      interval: text(row["interval"]),
      timeout: text(row["timeout"]),
      path: text(row["path"]),
      url: text(row["url"]) ?? text(row["image"]),
      ref: row["ref"] === undefined ? undefined : textMap(row["ref"]),
      source: sourceOf(row, kind, namespace),
      parent: parentOf(labels),
      release: kind === "HelmRelease" ? newestRelease(row["history"]) : undefined,
      last_run: kind === "Kustomization" ? lastRun(row["history"]) : undefined,
      chart: chartOf(text(row["helmChart"])),
    }),
  };
}

function condition(one: Record<string, unknown>): Condition {
  return {
    type: text(one["type"]) ?? "",
    status: text(one["status"]) ?? "Unknown",
    reason: text(one["reason"]) ?? "",
    message: text(one["message"]) ?? "",
    ...optional({ observed_generation: number(one["observedGeneration"]), last_transition_time: text(one["lastTransitionTime"]) }),
  };
}

function reference(value: unknown, kind: string, namespace: string): ObjectRef | undefined {
  const one = record(value);
  const name = text(one["name"]);
  return name === undefined ? undefined : { kind: text(one["kind"]) ?? kind, namespace: text(one["namespace"]) ?? namespace, name };
}

function sourceOf(row: Record<string, unknown>, kind: string, namespace: string): ObjectRef | undefined {
  return (
    reference(row["chartRef"], "HelmChart", namespace) ??
    reference(row["chartSource"], "HelmRepository", namespace) ??
    reference(row["imageRef"], "ImageRepository", namespace) ??
    reference(row["sourceRef"], "GitRepository", namespace)
  );
}

/** kustomize-controller labels all that it applies; an object that bears its own name is applied by itself (bootstrap). */
function parentOf(labels: Record<string, string>): ObjectRef | undefined {
  const name = text(labels["kustomize.toolkit.fluxcd.io/name"]);
  const namespace = text(labels["kustomize.toolkit.fluxcd.io/namespace"]);
  return name === undefined || namespace === undefined ? undefined : { kind: "Kustomization", namespace, name };
}

function newestRelease(history: unknown): FluxObject["release"] {
  const [newest] = records(history);
  if (newest === undefined) return undefined;
  return {
    name: text(newest["name"]) ?? "",
    version: number(newest["version"]) ?? 0,
    status: text(newest["status"]) ?? "",
    chart: `${text(newest["chartName"]) ?? ""}@${text(newest["chartVersion"]) ?? ""}`,
  };
}

function lastRun(history: unknown): FluxObject["last_run"] {
  const newest = records(history).toSorted((a, b) => ((text(a["lastReconciled"]) ?? "") < (text(b["lastReconciled"]) ?? "") ? 1 : -1))[0];
  const reason = text(newest?.["lastReconciledStatus"]);
  return reason === undefined ? undefined : { reason, revision: text(record(newest?.["metadata"])["revision"]) ?? "" };
}

/** status.helmChart is `<namespace>/<name>`. */
function chartOf(value: string | undefined): ObjectRef | undefined {
  const [namespace, name] = value?.split("/") ?? [];
  return namespace === undefined || name === undefined || name === "" ? undefined : { kind: "HelmChart", namespace, name };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function optional<T extends Record<string, unknown>>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

/** The condition of that type. */
export function conditionOf(object: Pick<FluxObject, "conditions">, type: string): Condition | undefined {
  return object.conditions.find((one) => one.type === type);
}

/** `Kind/namespace/name`, as Flux writes it. */
export function printRef(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}

/** True if both name the same object. */
export function isSame(a: ObjectRef, b: ObjectRef): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}
