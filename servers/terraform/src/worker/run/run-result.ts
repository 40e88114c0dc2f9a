import { ApplicationFailure } from "@temporalio/workflow";
import { refusal } from "./activity-options.ts";
import type { NodeState } from "./node-state.ts";
import { isDone, type RunResult } from "../run-contract.ts";
import type { EndPhase } from "./run-outcome.ts";

/** What a run gives back once all its workspaces are final. */
export function runResult(
  nodes: readonly NodeState[],
  outcome: { readonly phase: EndPhase; readonly reason: string },
  report: string,
): RunResult {
  const count = (state: string): number => nodes.filter((n) => n.state === state).length;
  return {
    ...outcome,
    report,
    applied: count("applied"),
    unchanged: nodes.filter((n) => isDone(n.state) && n.state !== "applied").length,
    planned: count("planned"),
  };
}

/** The failure of a run that is not completed; its type says how it ended, its details hold the result. */
export function runFailure(result: RunResult): ApplicationFailure {
  return ApplicationFailure.create({
    type: `run_${result.phase}`,
    message: result.reason,
    nonRetryable: true,
    details: [refusal(`run_${result.phase}`, result.reason).details?.[0], result],
  });
}
