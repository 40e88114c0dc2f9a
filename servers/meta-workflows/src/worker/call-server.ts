import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import type { CallContext } from "../executors/executor-deps.ts";
import type { CallTask } from "./activity-contract.ts";

/** Makes one call of a step. */
export type CallServer = (task: CallTask, context: CallContext) => Promise<CallOutcome>;

/** Where nothing is bound: said, not guessed. */
export const unbound: CallServer = async ({ call }) => ({
  status: "failed",
  code: "capability_unbound",
  message:
    call.kind === "tool"
      ? `Nothing is bound to ${call.capability ?? `${call.server ?? "?"}.${call.tool ?? "?"}`}.`
      : call.kind === "check"
        ? `No check is called ${call.check}.`
        : `${call.argv[0] ?? "The program"} may not be started.`,
});
