import { hasCode, isOpsError, OpsError } from "@platform-ops/errors";
import { checkName } from "@platform-ops/remote-command";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { diagnose, rankCauses, World, type RankedCause } from "./diagnose.ts";
import { EVENT_PROJECTION, foldEvents, type FoldedEvent } from "./events.ts";
import { DIAGNOSIS_PROJECTION, printRef, type FluxObject, type ObjectRef } from "./flux-object.ts";
import { findFluxKind, fluxKind, kindsOf } from "./kinds.ts";
import { readLogs, type LogEntry } from "./logs.ts";
import { lookAtWorkload, type LookedAt } from "./look-at-workload.ts";
import { readObjects } from "./read-objects.ts";

/** A cause with what was looked at besides. */
export interface LookedCause extends RankedCause {
  readonly workloads_seen: readonly LookedAt[];
  readonly events: readonly FoldedEvent[];
  readonly log: readonly LogEntry[];
}

/** What is wrong in a cluster, or with one object of it. */
export interface ClusterDiagnosis {
  readonly objects: readonly FluxObject[];
  /** Set when one was asked for. */
  readonly object?: FluxObject;
  readonly causes: readonly LookedCause[];
  readonly notes: readonly string[];
}

/** Which object; without a name: all. */
export interface Wanted {
  readonly kind: string;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

/** So many causes are looked at more closely: each costs a few more commands. */
const LOOKED_AT = 3;

/**
 * Reads all appliers and sources with one kubectl, walks from what is not ready to where it begins, and looks at the workloads,
 * events and at last the controller's log of the first causes.
 * @throws OpsError object_not_found with the names that there are, flux_missing, kubernetes_denied, …
 */
export async function diagnoseCluster(kubectl: Kubectl, wanted: Wanted, progress: (message: string) => void): Promise<ClusterDiagnosis> {
  if (wanted.name !== undefined) checkName("object", wanted.name, "name");
  if (wanted.namespace !== undefined) checkName("namespace", wanted.namespace, "namespace");
  // An ImagePolicy waits for an ImageRepository: kinds of one role are read together.
  const kinds = [...new Set([...kindsOf("applier"), ...kindsOf("source"), ...kindsOf(fluxKind(wanted.kind).role)])];
  const read = await readObjects(kubectl, kinds, {}, DIAGNOSIS_PROJECTION);
  const isWhole = (kind: string): boolean => read.failure === undefined && kinds.some((one) => one.kind === kind);
  const world = new World(read.objects, isWhole);
  const notes = [
    ...(read.failure === undefined ? [] : [`Not all could be read: ${read.failure.message}`]),
    ...(read.absent.length === 0 ? [] : [`Not installed here: ${read.absent.join(", ")}.`]),
  ];
  if (wanted.name === undefined) {
    const about = read.objects.filter((object) => wanted.namespace === undefined || object.namespace === wanted.namespace);
    const ranked = rankCauses(world, about);
    return { objects: about, causes: await look(kubectl, ranked, progress), notes };
  }
  const object = theOne(read.objects, wanted);
  const found = diagnose(world, object);
  const causes = found.findings.map((finding) => ({ ...finding, affects: waitingFor(world, finding.object) }));
  return { objects: read.objects, object, causes: await look(kubectl, causes, progress), notes: [...found.notes, ...notes] };
}

function theOne(objects: readonly FluxObject[], { kind, name, namespace }: Wanted): FluxObject {
  const found = objects.filter((one) => one.kind === kind && one.name === name && (namespace === undefined || one.namespace === namespace));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only !== undefined) {
    const places = found.map((one) => one.namespace);
    const inDefault = found.find((one) => one.namespace === "flux-system");
    if (inDefault !== undefined) return inDefault;
    throw new OpsError("invalid_input", `Several namespaces have a ${kind} ${name}: ${places.join(", ")}.`, {
      hint: "Name the namespace.",
    });
  }
  const elsewhere = objects.filter((one) => one.name === name).map(printRef);
  throw new OpsError("object_not_found", `There is no ${kind} ${name}${namespace === undefined ? "" : ` in ${namespace}`}.`, {
    hint: elsewhere.length > 0 ? `There is ${elsewhere.slice(0, 5).join(", ")}.` : "list_flux_kustomizations shows what there is.",
  });
}

/** What waits for an object, directly or over others. */
function waitingFor(world: World, cause: ObjectRef): ObjectRef[] {
  const affected = new Map<string, ObjectRef>();
  let around: ObjectRef[] = [cause];
  while (around.length > 0) {
    const keys = new Set(around.map(printRef));
    around = world.objects
      .filter((one) => [...one.depends_on, ...(one.source === undefined ? [] : [one.source])].some((ref) => keys.has(printRef(ref))))
      .map(({ kind, namespace, name }) => ({ kind, namespace, name }))
      .filter((ref) => !affected.has(printRef(ref)) && printRef(ref) !== printRef(cause));
    for (const ref of around) affected.set(printRef(ref), ref);
  }
  return [...affected.values()];
}

async function look(kubectl: Kubectl, causes: readonly RankedCause[], progress: (message: string) => void): Promise<LookedCause[]> {
  const closely = causes.filter((one) => one.cause !== "suspended" && one.status !== "missing").slice(0, LOOKED_AT);
  if (closely.length > 0) progress(`looking at ${closely.map((one) => printRef(one.object)).join(", ")}`);
  return Promise.all(
    causes.map(async (cause) => {
      if (!closely.includes(cause)) return { ...cause, workloads_seen: [], events: [], log: [] };
      const [workloads_seen, events] = await Promise.all([
        Promise.all(cause.workloads.map((workload) => lookAtWorkload(kubectl, workload))),
        readEvents(kubectl, cause.object),
      ]);
      const isUnexplained = cause.cause === "unexplained" || cause.cause === "not_looked_at";
      return { ...cause, workloads_seen, events, log: isUnexplained ? await readLog(kubectl, cause.object) : [] };
    }),
  );
}

const MOST_EVENTS = 3;

async function readEvents(kubectl: Kubectl, { kind, namespace, name }: ObjectRef): Promise<FoldedEvent[]> {
  return orNothing(async () => {
    const fields = { "involvedObject.kind": kind, "involvedObject.name": name, type: "Warning" };
    const { rows } = await kubectl.list(["events"], { namespace, fields }, EVENT_PROJECTION);
    return foldEvents(rows).slice(0, MOST_EVENTS);
  });
}

const MOST_LINES = 5;

async function readLog(kubectl: Kubectl, { kind, namespace, name }: ObjectRef): Promise<LogEntry[]> {
  const controller = findFluxKind(kind)?.controller;
  if (controller === undefined) return [];
  return orNothing(async () => {
    const output = await kubectl.logs({ namespace: "flux-system", selector: { app: controller }, container: "manager", tail: 2_000 });
    return readLogs(output, { name, namespace }).slice(-MOST_LINES);
  });
}

/** Events and logs only add to what is known: without the right to read them there are none. A person's decision is still waited for. */
async function orNothing<T>(read: () => Promise<T[]>): Promise<T[]> {
  try {
    return await read();
  } catch (error) {
    if (!isOpsError(error) || hasCode(error, "cancelled")) throw error;
    return [];
  }
}
