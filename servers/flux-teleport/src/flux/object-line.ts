import { short } from "../page.ts";
import { printRef, type FluxObject } from "./flux-object.ts";
import { statusOf, STATUS_WORDS } from "./status.ts";

/** Characters of Flux's own words in a list; one object by itself has them all. */
const SHOWN_MESSAGE = 180;

/** One object of a list: the keys of the source, and a status word. */
export function listedObject(object: FluxObject, showSuspend: boolean): Record<string, unknown> {
  const status = statusOf(object);
  return {
    kind: object.kind,
    name: object.name,
    namespace: object.namespace,
    status: status.status,
    ready: status.ready,
    message: short(status.message, SHOWN_MESSAGE),
    ...(object.kind === "Kustomization" ? { last_applied_revision: object.applied_revision ?? "N/A" } : {}),
    ...(object.release === undefined ? {} : { release: object.release }),
    ...(showSuspend ? { suspended: object.suspended } : {}),
  };
}

/** A source of a list. */
export function listedSource(object: FluxObject): Record<string, unknown> {
  return {
    ...listedObject(object, true),
    url: object.url ?? null,
    ref: object.ref ?? {},
    artifact: object.artifact?.revision ?? null,
  };
}

/** The same as a line: what is well is short. */
export function objectLine(object: FluxObject): string {
  const { status, reason, message } = statusOf(object);
  const revision = shortRevision(
    object.artifact?.revision ?? object.applied_revision ?? object.release?.chart ?? object.attempted_revision,
  );
  const why = status === "ready" ? "" : short([reason, message].filter((part) => part !== "").join(": "), SHOWN_MESSAGE);
  return [printRef(object), status, revision, why].filter((part) => part !== "").join("  ");
}

/** `main@sha1:4f0c2f9a1b7e…` with eight digits of the hash. */
export function shortRevision(revision: string | undefined): string {
  return revision?.replace(/((?:sha1|sha256):[0-9a-f]{8})[0-9a-f]+$/, "$1") ?? "";
}

/** What is broken first, then by name. */
export function byTrouble(a: FluxObject, b: FluxObject): number {
  const rank = (object: FluxObject): number => STATUS_WORDS.indexOf(statusOf(object).status);
  return rank(a) - rank(b) || (printRef(a) < printRef(b) ? -1 : 1);
}

/** How many there are of each status: `17 ready, 2 not ready`. */
export function tally(objects: readonly FluxObject[]): string {
  const words = objects.map((object) => statusOf(object).status);
  return STATUS_WORDS.map((word) => [words.filter((one) => one === word).length, word] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(", ");
}
