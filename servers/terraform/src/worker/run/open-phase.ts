import type { RunPhase } from "../run-contract.ts";
import type { Scheduler } from "./scheduler.ts";

/** The phase of a run that is not over. A decision that is awaited is told first, whatever else still runs. */
export function openPhase(scheduler: Scheduler, awaitsDecision: boolean): RunPhase {
  if (scheduler.cancelled !== undefined) return "cancelling";
  if (awaitsDecision) return "awaiting_approval";
  const isBlocked = scheduler.nodes.some((n) => n.state === "held" || n.state === "credentials");
  return scheduler.running() === 0 && isBlocked ? "blocked" : "working";
}
