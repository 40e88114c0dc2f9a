import { quoteData, type ToolResult } from "@platform-ops/mcp-kit";
import type { ClusterDiagnosis, LookedCause, Wanted } from "../flux/diagnose-cluster.ts";
import { podWords } from "../flux/pod-words.ts";
import { printRef } from "../flux/flux-object.ts";
import type { LookedAt } from "../flux/look-at-workload.ts";
import { tally } from "../flux/object-line.ts";
import { short } from "../page.ts";
import { statusOf } from "../flux/status.ts";
import { done } from "./result.ts";

/** Causes that are shown; further ones are counted. */
const SHOWN_CAUSES = 6;
const SHOWN_MESSAGE = 500;
const SHOWN_AFFECTED = 5;

/** A diagnosis in both halves: the likely cause first, and the next call. */
export function diagnosisResult(diagnosis: ClusterDiagnosis, wanted: Wanted): ToolResult {
  const { object, objects, causes, notes } = diagnosis;
  const shown = causes.slice(0, SHOWN_CAUSES);
  const about = object === undefined ? objects : [object];
  const status = object === undefined ? undefined : statusOf(object).status;
  const rest = causes.length - shown.length;
  const data = {
    healthy: causes.length === 0,
    ...(status === undefined ? {} : { status }),
    summary: tally(about),
    causes: shown.map(causeData),
    cause_count: causes.length,
    notes,
    truncated: rest > 0,
  };
  const what = object === undefined ? "Flux" : printRef(object);
  const parts = [
    `${tally(about)}`,
    ...shown.map((cause, index) => causeText(cause, index + 1)),
    ...(rest > 0 ? [`${rest} more cause(s): name an object to diagnose it alone.`] : []),
    ...(notes.length === 0 ? [] : [quoteData("Worth knowing", notes.join("\n"))]),
  ];
  if (causes.length === 0) return done(`Nothing is wrong with ${what}`, data, parts.join("\n"));
  const [first] = shown as [LookedCause];
  const said =
    causes.every((cause) => cause.cause === "suspended") && wanted.name !== undefined
      ? "is suspended"
      : `: ${first.cause.replaceAll("_", " ")} at ${printRef(first.object)}`;
  return done(`${what}${said.startsWith(":") ? "" : " "}${said}`, data, parts.join("\n"), "warn");
}

function causeData(cause: LookedCause): Record<string, unknown> {
  return {
    object: cause.object,
    status: cause.status,
    cause: cause.cause,
    explanation: cause.explanation,
    advice: cause.advice,
    reason: cause.reason,
    message: short(cause.message, SHOWN_MESSAGE),
    ...(cause.since === undefined ? {} : { since: cause.since }),
    affects: cause.affects.slice(0, SHOWN_AFFECTED).map(printRef),
    affects_count: cause.affects.length,
    next: nextCall(cause),
    ...(cause.workloads_seen.length === 0 ? {} : { workloads: cause.workloads_seen.map(workloadLines) }),
    ...(cause.events.length === 0
      ? {}
      : { events: cause.events.map((event) => `${event.last} ${event.reason} x${event.count}: ${short(event.message, 200)}`) }),
    ...(cause.log.length === 0
      ? {}
      : { log: cause.log.map((entry) => `${entry.time} ${entry.level} ${short(entry.error ?? entry.message, 300)}`) }),
  };
}

function causeText(cause: LookedCause, number: number): string {
  const affected = cause.affects.length;
  const facts = [
    ...(cause.message === "" ? [] : [`${cause.reason}: ${short(cause.message, SHOWN_MESSAGE)}`]),
    ...cause.workloads_seen.flatMap(workloadLines),
    ...cause.log.map((entry) => `log ${entry.time} ${entry.level}: ${short(entry.error ?? entry.message, 300)}`),
  ];
  return [
    `${number}. ${printRef(cause.object)} (${cause.status}): ${cause.cause.replaceAll("_", " ")}. ${cause.explanation} ${cause.advice}`,
    ...(affected === 0
      ? []
      : [
          `   It holds up ${affected} more: ${cause.affects.slice(0, SHOWN_AFFECTED).map(printRef).join(", ")}${affected > SHOWN_AFFECTED ? ", …" : ""}`,
        ]),
    ...(facts.length === 0 ? [] : [quoteData("Kubernetes says", facts.join("\n"))]),
    `   Next: ${nextCall(cause)}`,
  ].join("\n");
}

function workloadLines({ workload, state, pods, warnings, unread }: LookedAt): string[] {
  return [
    [printRef(workload), state, unread ?? ""].filter((word) => word !== "").join("  "),
    ...pods.map((pod) => {
      const words = podWords(pod.trouble?.reason, pod.trouble?.exit_code);
      const trouble =
        pod.trouble === undefined
          ? ""
          : `container ${pod.trouble.container}: ${pod.trouble.reason}${words === undefined ? "" : ` (${words})`} ${short(pod.trouble.message ?? "", 200)}`;
      return `  pod ${pod.name}  ${pod.status}  ready ${pod.ready}  restarts ${pod.restarts}  ${trouble}`.trimEnd();
    }),
    ...warnings.map(
      (event) => `  warning ${event.last} ${event.reason}${event.count > 1 ? ` (${event.count} times)` : ""}: ${short(event.message, 200)}`,
    ),
  ];
}

/** What to do after this one, as a call with its arguments. */
function nextCall({ cause, object, status }: LookedCause): string {
  const { kind, name, namespace } = object;
  const isKustomization = kind === "Kustomization";
  if (cause === "suspended") {
    return isKustomization
      ? `resume_flux_kustomization ${JSON.stringify({ name, namespace })}`
      : `change_flux_object ${JSON.stringify({ kind, name, namespace, action: "resume" })}`;
  }
  if (cause === "in_progress")
    return `get_kustomization_events ${JSON.stringify({ name, namespace, ...(isKustomization ? {} : { kind }) })}`;
  if (status === "missing") return "list_flux_sources {}, and correct Git";
  if (cause === "retries_exceeded" || (kind === "HelmRelease" && status === "stalled")) {
    return `repair it, then change_flux_object ${JSON.stringify({ kind, name, namespace, action: "reset" })}`;
  }
  return isKustomization
    ? `repair it, then reconcile_flux_kustomization ${JSON.stringify({ name, namespace })}`
    : `repair it, then change_flux_object ${JSON.stringify({ kind, name, namespace, action: "reconcile" })}`;
}
