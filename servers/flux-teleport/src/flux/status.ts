import { findFluxKind } from "./kinds.ts";
import { conditionOf, type Condition, type FluxObject } from "./flux-object.ts";

/**
 * How an object stands, in one word. suspended wins over whatever its conditions say, since they describe what was before.
 * stalled: it will not be tried again before its spec changes. not ready: it failed or waits, and is tried again. stale: the
 * conditions describe an older spec. reconciling: it is at work. unknown: nothing is said.
 */
export type StatusWord = "ready" | "not ready" | "reconciling" | "suspended" | "stalled" | "stale" | "unknown";

/** In the order in which a reader wants them: what is broken first. */
export const STATUS_WORDS: readonly StatusWord[] = ["stalled", "not ready", "stale", "reconciling", "suspended", "unknown", "ready"];

/** A status word with the words of the condition that it rests on. */
export interface Status {
  readonly status: StatusWord;
  /** Status of the Ready condition as Kubernetes writes it: True, False, Unknown. */
  readonly ready: string;
  readonly reason: string;
  readonly message: string;
  /** Since when, by that condition. */
  readonly since?: string;
}

const isTrue = (condition: Condition | undefined): boolean => condition?.status === "True";

/** True when the condition was written for an older spec than the object now has. */
export function isStale(object: Pick<FluxObject, "generation" | "observed_generation">, condition: Condition | undefined): boolean {
  if (condition === undefined) return false;
  // Conditions of old controllers bear no generation; the status itself may, -1 before anything was observed.
  const seen = condition.observed_generation ?? object.observed_generation;
  return seen !== undefined && seen >= 0 && seen < object.generation;
}

/** How an object stands. */
export function statusOf(object: FluxObject): Status {
  const ready = conditionOf(object, "Ready");
  const reconciling = conditionOf(object, "Reconciling");
  const stalled = conditionOf(object, "Stalled");
  const word = statusWord(object, ready, reconciling, stalled);
  const spoken = word === "stalled" && stalled !== undefined ? stalled : causal(object, ready);
  return {
    status: word,
    ready: ready?.status ?? "Unknown",
    reason: spoken?.reason ?? "",
    message: spoken?.message ?? (findFluxKind(object.kind)?.reconciles === false ? "This kind has no status." : ""),
    ...(spoken?.last_transition_time === undefined ? {} : { since: spoken.last_transition_time }),
  };
}

function statusWord(
  object: FluxObject,
  ready: Condition | undefined,
  reconciling: Condition | undefined,
  stalled: Condition | undefined,
): StatusWord {
  if (object.suspended) return "suspended";
  if (isTrue(stalled) && !isStale(object, stalled)) return "stalled";
  // A source keeps Ready=True from its last artifact while it works on the next one.
  const isAtWork = isTrue(reconciling) && reconciling?.reason !== "ProgressingWithRetry" && !isStale(object, reconciling);
  if (ready === undefined) return isAtWork ? "reconciling" : "unknown";
  if (isAtWork && ready.status !== "False") return "reconciling";
  if (isStale(object, ready)) return "stale";
  if (ready.status === "True") return "ready";
  return ready.status === "False" ? "not ready" : isTrue(reconciling) ? "reconciling" : "unknown";
}

/**
 * helm-controller copies a current Remediated into Ready, so that a failed upgrade that was rolled back reads "rollback
 * succeeded": what went wrong stands in Released.
 */
function causal(object: FluxObject, ready: Condition | undefined): Condition | undefined {
  if (object.kind !== "HelmRelease" || ready?.status !== "False") return ready;
  const remediated = conditionOf(object, "Remediated");
  const released = conditionOf(object, "Released");
  const isCopied = remediated !== undefined && remediated.reason === ready.reason;
  return isCopied && released?.status === "False" ? released : ready;
}
