import { conditionOf, isSame, printRef, type FluxObject, type ObjectRef } from "./flux-object.ts";
import { explain } from "./known-reasons.ts";
import { findFluxKind } from "./kinds.ts";
import { isStale, statusOf, type StatusWord } from "./status.ts";

/** One thing that is wrong, with the object at which it is to be repaired. */
export interface Finding {
  readonly object: ObjectRef;
  readonly status: StatusWord | "missing";
  /** A stable word: suspended, source_missing, broken_manifest, health_check_failed, … */
  readonly cause: string;
  /** Our words. */
  readonly explanation: string;
  readonly advice: string;
  /** Flux's own words, as data. */
  readonly reason: string;
  readonly message: string;
  readonly since?: string;
  /** Workloads that its message names as unhealthy. */
  readonly workloads: readonly ObjectRef[];
}

/** How the walk went from an object to its causes: the likely one first. */
export interface Diagnosis {
  readonly object: FluxObject;
  readonly findings: readonly Finding[];
  /** What is not wrong, but worth knowing. */
  readonly notes: readonly string[];
}

/** All objects of a cluster that the walk may need. */
export class World {
  readonly objects: readonly FluxObject[];
  readonly #byName: ReadonlyMap<string, FluxObject>;
  readonly #isWhole: (kind: string) => boolean;

  /** `isWhole`: whether all objects of that kind were read, so that one which is not here does not exist. */
  constructor(objects: readonly FluxObject[], isWhole: (kind: string) => boolean) {
    this.objects = objects;
    this.#byName = new Map(objects.map((object) => [printRef(object), object]));
    this.#isWhole = isWhole;
  }

  find(ref: ObjectRef): FluxObject | undefined {
    return this.#byName.get(printRef(ref));
  }

  isMissing(ref: ObjectRef): boolean {
    return this.#isWhole(ref.kind) && !this.#byName.has(printRef(ref));
  }
}

/**
 * Walks from an object over its source and dependencies to where the trouble begins. Its order is that in which a person would
 * look: suspended, stalled, source, dependencies, its own words.
 */
export function diagnose(world: World, object: FluxObject): Diagnosis {
  return { object, findings: unique(walk(world, object, [])), notes: notesOn(world, object) };
}

function walk(world: World, object: FluxObject, path: readonly FluxObject[]): Finding[] {
  const isCycle = path.some((one) => isSame(one, object));
  if (isCycle) return [cycle([...path.slice(path.findIndex((one) => isSame(one, object))), object])];
  const status = statusOf(object);
  if (status.status === "ready") return [];
  if (status.status === "suspended") return [suspendedFinding(object)];
  const below = [...path, object];
  const deeper = [
    ...fromSources(world, object, below),
    ...(status.reason === "DependencyNotReady" ? fromDependencies(world, object, below) : []),
  ];
  // What merely waits says nothing of its own.
  return deeper.length > 0 && isOnlyWaiting(status.reason, status.message) ? deeper : [...deeper, ownFinding(object)];
}

const isOnlyWaiting = (reason: string, message: string): boolean =>
  ["dependency_not_ready", "source_without_artifact", "source_missing"].includes(explain(reason, message)?.cause ?? "");

function fromSources(world: World, object: FluxObject, path: readonly FluxObject[]): Finding[] {
  const refs = [object.source, object.kind === "HelmRelease" ? object.chart : undefined].filter((ref) => ref !== undefined);
  return refs.flatMap((ref) => {
    const source = world.find(ref);
    if (source !== undefined) return walk(world, source, path).filter((finding) => finding.cause !== "suspended" || isInNeed(source));
    return world.isMissing(ref) ? [missing(ref, "source_missing", object)] : [];
  });
}

/** A suspended source with an artifact still serves it: then it is not the cause. */
const isInNeed = (source: FluxObject): boolean => source.artifact === undefined;

function fromDependencies(world: World, object: FluxObject, path: readonly FluxObject[]): Finding[] {
  return object.depends_on.flatMap((ref) => {
    const dependency = world.find(ref);
    if (dependency !== undefined) return walk(world, dependency, path);
    return world.isMissing(ref) ? [missing(ref, "dependency_missing", object)] : [];
  });
}

function ownFinding(object: FluxObject): Finding {
  const status = statusOf(object);
  const known = explain(status.reason, status.message);
  const stale = status.status === "stale";
  // Stalled says that it is over; why is in the words of the last attempt.
  const behind = status.status === "stalled" ? explanationBehind(object) : undefined;
  return {
    object: refOf(object),
    status: status.status,
    cause: behind?.cause ?? known?.cause ?? (status.status === "unknown" ? "not_looked_at" : stale ? "stale" : "unexplained"),
    explanation: stale
      ? "Its conditions describe an older spec: the controller has not looked at the new one."
      : [known?.explanation ?? otherwise(status.status), behind?.explanation].filter((part) => part !== undefined).join(" "),
    advice: stale
      ? "Reconcile it; if that does not help, look at the controller."
      : (behind?.advice ?? known?.advice ?? "Read the message and the controller's log."),
    reason: behind?.reason ?? status.reason,
    message: behind?.message ?? status.message,
    ...(status.since === undefined ? {} : { since: status.since }),
    workloads: workloadsIn(behind?.message ?? status.message),
  };
}

const otherwise = (status: StatusWord): string =>
  status === "unknown" ? "Its controller has not said anything of it: it may not run." : `It is ${status}.`;

/** The condition that tells why a release's retries are used up. */
function explanationBehind(object: FluxObject) {
  const released = conditionOf(object, "Released");
  if (object.kind !== "HelmRelease" || released?.status !== "False" || isStale(object, released)) return undefined;
  const known = explain(released.reason, released.message);
  return known === undefined ? undefined : { ...known, reason: released.reason, message: released.message };
}

function suspendedFinding(object: FluxObject): Finding {
  return {
    object: refOf(object),
    status: "suspended",
    cause: "suspended",
    explanation: "It is suspended: nothing happens to it, whatever its conditions say.",
    advice: "Resume it, if whoever suspended it agrees.",
    reason: "",
    message: "",
    workloads: [],
  };
}

function missing(ref: ObjectRef, cause: string, of: FluxObject): Finding {
  const isSource = cause === "source_missing";
  return {
    object: ref,
    status: "missing",
    cause,
    explanation: `${printRef(of)} names it, and it does not exist.`,
    advice: isSource ? "Correct spec.sourceRef, or create the source." : "Correct spec.dependsOn, or create it.",
    reason: statusOf(of).reason,
    message: statusOf(of).message,
    workloads: [],
  };
}

function cycle(around: readonly FluxObject[]): Finding {
  const [first] = around as [FluxObject];
  return {
    object: refOf(first),
    status: statusOf(first).status,
    cause: "dependency_cycle",
    explanation: `They wait for each other: ${around.map(printRef).join(" → ")}.`,
    advice: "Remove one of these dependsOn.",
    reason: statusOf(first).reason,
    message: statusOf(first).message,
    workloads: [],
  };
}

function notesOn(world: World, object: FluxObject): string[] {
  const parent = object.parent === undefined ? undefined : world.find(object.parent);
  const source = object.source === undefined ? undefined : world.find(object.source);
  const isAtWork = statusOf(object).status === "reconciling";
  const { last_run: last } = object;
  const { applied_revision: applied, attempted_revision: attempted } = object;
  return [
    ...(parent?.suspended === true && !isSame(parent, object)
      ? [`${printRef(parent)}, which applies this object, is suspended: changes of it in Git do not arrive.`]
      : []),
    ...(source?.suspended === true ? [`Its source ${printRef(source)} is suspended: new commits are not fetched.`] : []),
    ...(attempted !== undefined && applied !== undefined && attempted !== applied && object.kind === "Kustomization"
      ? [`Revision ${attempted} does not go through; ${applied} is live.`]
      : []),
    ...(isAtWork && last !== undefined && last.reason !== "ReconciliationSucceeded"
      ? [`Its last run (revision ${last.revision}) ended with ${last.reason}; it is being tried again.`]
      : []),
    ...(object.requested_at !== undefined && object.requested_at !== object.last_handled && !object.suspended
      ? [`A requested reconciliation has not been taken up by ${findFluxKind(object.kind)?.controller ?? "the controller"}.`]
      : []),
  ];
}

// `Deployment/apps/web status: 'InProgress'` (kustomize) and `resource Deployment/apps/web not ready` (helm).
const WORKLOAD = /\b([A-Z][A-Za-z]{2,40})\/([a-z0-9][-a-z0-9]{0,62})\/([a-z0-9][-a-z0-9.]{0,252})(?= status: '| not ready)/g;
const MOST_WORKLOADS = 5;

/** The objects that a failed health check names. */
export function workloadsIn(message: string): ObjectRef[] {
  const found = [...message.matchAll(WORKLOAD)].map(([, kind, namespace, name]) => ({ kind, namespace, name }) as ObjectRef);
  return found.slice(0, MOST_WORKLOADS);
}

const refOf = ({ kind, namespace, name }: ObjectRef): ObjectRef => ({ kind, namespace, name });

function unique(findings: readonly Finding[]): Finding[] {
  return findings.filter(
    (one, index) => findings.findIndex((other) => other.cause === one.cause && isSame(other.object, one.object)) === index,
  );
}

/** One cause with all that waits for it. */
export interface RankedCause extends Finding {
  readonly affects: readonly ObjectRef[];
}

/** All causes of the trouble of some objects: what holds up most comes first; suspended ones come last, somebody wanted them. */
export function rankCauses(world: World, about: readonly FluxObject[] = world.objects): RankedCause[] {
  const causes = new Map<string, { finding: Finding; affects: ObjectRef[] }>();
  for (const object of about) {
    for (const finding of diagnose(world, object).findings) {
      const key = `${finding.cause} ${printRef(finding.object)}`;
      const known = causes.get(key) ?? { finding, affects: [] };
      if (!isSame(finding.object, object)) known.affects.push(refOf(object));
      causes.set(key, known);
    }
  }
  const weight = ({ finding }: { finding: Finding }): number =>
    finding.cause === "suspended" ? 2 : finding.cause === "in_progress" || finding.status === "reconciling" ? 1 : 0;
  return [...causes.values()]
    .sort((a, b) => weight(a) - weight(b) || b.affects.length - a.affects.length)
    .map(({ finding, affects }) => ({ ...finding, affects }));
}
