import { OpsError } from "@platform-ops/errors";

import type { Counts } from "./plan-summary.ts";
import type { StartedResource, StreamFacts } from "./stream-facts.ts";

export type ApplyOutcome = "done" | "not_done" | "partial" | "in_doubt";

/** What planning again showed, or why it could not be done. */
export type Reconciled =
  | { readonly changed: boolean; readonly counts: Counts; /** Addresses that it would make (anew). */ readonly creates: readonly string[] }
  | { readonly error: OpsError };

/** What is known when a program that applies has ended. */
export interface ApplyEvidence {
  /** Exit code; 128 + n where signal n killed it; null where it was lost. */
  readonly code: number | null;
  readonly facts: StreamFacts;
  /** Something that speaks against any further step: damaged or unsaved state, children that still run. */
  readonly blocked?: OpsError;
  /** Whether the state moved since the plan; undefined where it cannot be read. */
  readonly moved: boolean | undefined;
  readonly reconcile: (() => Promise<Reconciled>) | undefined;
}

export interface OutcomeVerdict {
  readonly outcome: ApplyOutcome;
  readonly error?: OpsError;
  readonly remaining?: Counts;
}

/**
 * The outcome of an apply. Neither exit code nor a signal that we sent decides alone: a change_summary of the apply proves
 * that it is complete; a program that ended orderly has told what it began; one that was killed has to be found out.
 */
export async function decideOutcome(evidence: ApplyEvidence): Promise<OutcomeVerdict> {
  const { code, facts } = evidence;
  const isComplete = facts.summaries.has("apply") || facts.summaries.has("destroy");
  if (code === 0 && isComplete) return { outcome: "done" };
  if (evidence.blocked !== undefined) return { outcome: "in_doubt", error: evidence.blocked };
  // terraform prints the summary after the last write of the state.
  if (isComplete) return { outcome: "done" };
  const endedOrderly = code !== null && code > 0 && code < 128;
  if (endedOrderly) return { outcome: orderlyOutcome(evidence) };
  if (facts.started.size === 0 && evidence.moved === false) return { outcome: "not_done" };
  return await lostOutcome(evidence);
}

/** It ended by itself with a failure: each resource that it began was reported as finished or failed, by its provider or without one. */
function orderlyOutcome({ facts, moved }: ApplyEvidence): ApplyOutcome {
  if (facts.diagnostics.some((diagnostic) => /^Failed to (?:save|persist) state/.test(diagnostic.summary))) return "in_doubt";
  if (facts.started.size === 0) return "not_done";
  if (facts.lostByProvider().length > 0) return "in_doubt";
  if (facts.interrupted || facts.inFlight().length > 0) return "partial";
  return facts.completed.size === 0 && moved === false ? "not_done" : "partial";
}

/** It was killed or lost. What was in flight may exist without being in the state: an equal plan proves nothing then. */
async function lostOutcome({ facts, moved, reconcile }: ApplyEvidence): Promise<OutcomeVerdict> {
  const seen = await reconcile?.();
  if (seen === undefined || "error" in seen) return { outcome: "in_doubt", ...(seen === undefined ? {} : { error: seen.error }) };
  // A neighbour's end writes the whole state, with what has been made but whose provisioners still run: it then looks complete.
  const unfinished = facts.inFlight().some((resource) => resource.action === "create");
  if (!seen.changed && !unfinished) return { outcome: "done" };
  const remaining = seen.counts;
  // Made, but not in the state: a remote backend persists it only every 20 s.
  const lost = [...facts.completed.values()].filter((resource) => resource.action === "create" && seen.creates.includes(resource.address));
  const doubtful = [...facts.inFlight(), ...lost];
  if (doubtful.length > 0) return { outcome: "in_doubt", remaining, error: inDoubt("program", doubtful) };
  return { outcome: moved === false && facts.completed.size === 0 && facts.errored.size === 0 ? "not_done" : "partial", remaining };
}

/** The failure of an apply whose program, or a provider of it, ended while it worked on these. `said`: the program's own words. */
export function inDoubt(ended: "program" | "provider", doubtful: readonly StartedResource[], said?: OpsError): OpsError {
  const resources = doubtful.map(({ address, action, id }) => `${address} (${action}${id === undefined ? "" : `, id ${id}`})`);
  const named = `${resources.slice(0, 10).join(", ")}${resources.length > 10 ? ` and ${resources.length - 10} more` : ""}`;
  const how = ended === "program" ? "The program was killed" : "A provider ended";
  const words = `${how} while it worked on ${named}; whether that took effect is not known.`;
  return new OpsError("in_doubt", said === undefined ? words : `${words}\n${said.message}`, {
    hint: "Look whether these exist; import or remove what does, then plan anew.",
    details: { ...said?.details, reason: ended === "program" ? "killed" : "provider_ended", resources: resources.slice(0, 50) },
  });
}
