import { quoteData, type ToolResult } from "@platform-ops/mcp-kit";
import type { Kubectl } from "../kubernetes/kubectl.ts";
import { printRef, type FluxObject, type ObjectRef } from "../flux/flux-object.ts";
import { readInventory } from "../flux/inventory.ts";
import { short } from "../page.ts";
import { readObject } from "../flux/read-objects.ts";
import { isStale, statusOf, type Status } from "../flux/status.ts";
import { done } from "./result.ts";

/** One line of the source's code is enough for most; a stack of lines from a webhook is not. */
const SHOWN_MESSAGE = 1_200;

/** One object with all that is shown of it, as a result. */
export async function objectDetails(kubectl: Kubectl, ref: ObjectRef, message: string): Promise<ToolResult> {
  const { object, row } = await readObject(kubectl, ref);
  const status = statusOf(object);
  const details = detailsOf(object, row, status);
  const mark = status.status === "ready" ? "ok" : "warn";
  const next = nextStep(object, status);
  const text = [
    `Status: ${status.status}`,
    quoteData(printRef(object), lines(object, details).join("\n")),
    ...(next === undefined ? [] : [`Next: ${next}`]),
  ];
  return done(
    `${message}${object.suspended ? " (SUSPENDED)" : ""}`,
    { details, ...(next === undefined ? {} : { next }) },
    text.join("\n"),
    mark,
  );
}

function detailsOf(object: FluxObject, row: Record<string, unknown>, status: Status): Record<string, unknown> {
  return {
    kind: object.kind,
    status: status.status,
    suspended: object.suspended,
    source_ref: object.source ?? null,
    path: object.path ?? null,
    interval: object.interval ?? null,
    prune: row["prune"] === true,
    ...(object.url === undefined ? {} : { url: object.url, ref: object.ref ?? {} }),
    ...(object.artifact === undefined ? {} : { artifact: object.artifact }),
    ...(object.release === undefined ? {} : { release: object.release }),
    last_applied_revision: object.applied_revision ?? null,
    last_attempted_revision: object.attempted_revision ?? null,
    depends_on: object.depends_on.map(printRef),
    ...(object.parent === undefined ? {} : { applied_by: printRef(object.parent) }),
    conditions: object.conditions.map((one) => ({
      ...one,
      message: short(one.message, SHOWN_MESSAGE),
      ...(isStale(object, one) ? { stale: true } : {}),
    })),
    generation: object.generation,
    observed_generation: object.observed_generation ?? null,
    last_handled_reconcile_at: object.last_handled ?? null,
    objects: readInventory(row["inventory"]).length,
  };
}

function lines(object: FluxObject, details: Record<string, unknown>): string[] {
  const facts: [string, unknown][] = [
    ["suspended", object.suspended],
    ["source", object.source === undefined ? undefined : printRef(object.source)],
    ["path", object.path],
    ["url", object.url],
    [
      "ref",
      object.ref === undefined
        ? undefined
        : Object.entries(object.ref)
            .map(([key, value]) => `${key} ${value}`)
            .join(", "),
    ],
    ["artifact", object.artifact?.revision],
    [
      "release",
      object.release === undefined ? undefined : `${object.release.chart}, ${object.release.status}, version ${object.release.version}`,
    ],
    ["interval", object.interval],
    ["applied revision", object.applied_revision],
    ["attempted revision", object.attempted_revision],
    ["depends on", object.depends_on.length === 0 ? undefined : object.depends_on.map(printRef).join(", ")],
    ["applied by", object.parent === undefined ? undefined : printRef(object.parent)],
    ["objects applied", details["objects"]],
  ];
  return [
    ...facts.filter(([, value]) => value !== undefined && value !== 0).map(([name, value]) => `${name}: ${String(value)}`),
    ...object.conditions.map(
      (one) =>
        `condition ${one.type}=${one.status} ${one.reason}${isStale(object, one) ? " (of an older spec)" : ""} since ${one.last_transition_time ?? "?"}: ${short(one.message, SHOWN_MESSAGE)}`,
    ),
  ];
}

/** The next sensible call; none for what is well. */
export function nextStep(object: FluxObject, status: Status): string | undefined {
  const { kind, name, namespace } = object;
  if (status.status === "suspended") {
    return kind === "Kustomization"
      ? `resume_flux_kustomization ${JSON.stringify({ name, namespace })}`
      : `change_flux_object ${JSON.stringify({ kind, name, namespace, action: "resume" })}`;
  }
  if (status.status === "ready" || status.status === "reconciling") return undefined;
  return `diagnose_flux_issues ${JSON.stringify({ ...(kind === "Kustomization" ? {} : { kind }), name, namespace })}`;
}
