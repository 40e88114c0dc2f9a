import { rm } from "node:fs/promises";
import type { CallOptions, CallOutcome, ServerCall } from "@platform-ops/meta-workflow-registry/run";
import { requestApproval, useApproval, verifyApproval, type ApprovalTask, type DecisionTask } from "./approvals/run-approvals.ts";
import { callOnce } from "./calls-once.ts";
import { runCheck } from "./checks/run-check.ts";
import type { CallContext, ExecutorDeps } from "./executor-deps.ts";
import { outcomeOf } from "./outcome.ts";
import { journalsOfRun, runProgram } from "./programs/run-program.ts";
import { RunPorts } from "./run-ports.ts";
import { callTool, isRepeatable, type ToolPorts } from "./tools/call-tool.ts";

/** What the server does by itself for a run. */
export interface Executors {
  /**
   * Makes one call of a run. What went wrong on the way is an outcome; `unknown` where something may have happened.
   * @throws OpsError `cancelled` with `details.left_running` where a program was left for the next worker to follow, and
   * what nobody foresaw
   */
  call(call: ServerCall, options: CallOptions, context: CallContext): Promise<CallOutcome>;
  /** @throws OpsError already_exists, approval_channel */
  requestApproval(task: ApprovalTask): ReturnType<typeof requestApproval>;
  /** @throws OpsError approval_* where the record decides nothing */
  verifyApproval(task: DecisionTask): ReturnType<typeof verifyApproval>;
  /** Deletes what was kept of a run that has ended. */
  forget(runId: string): Promise<void>;
  /** Ends the servers that were started. */
  close(): Promise<void>;
}

/** The executors over their surroundings; nothing is started before the first call. */
export function createExecutors(deps: ExecutorDeps): Executors {
  const runs = new RunPorts(deps);
  const carryOut = (ports: ToolPorts, call: ServerCall, options: CallOptions, context: CallContext): Promise<CallOutcome> => {
    if (call.kind === "tool") {
      const make = (): Promise<CallOutcome> => callTool(ports, call, options, context);
      return options.read_only || options.retry.attempts > 1 || isRepeatable(ports, call) ? make() : callOnce(deps, options, context, make);
    }
    if (call.kind === "program") return runProgram(ports.deps, call, options, context);
    return runCheck(ports, call, options, context);
  };
  return {
    async call(call, options, context) {
      try {
        if (options.guard !== undefined) await useApproval(deps, options.guard, context);
        return await runs.use(context.environment, (ports) => carryOut(ports, call, options, context));
      } catch (error) {
        if ((error as { details?: { left_running?: unknown } }).details?.left_running === true) throw error;
        return outcomeOf(error, options.read_only);
      }
    },
    requestApproval: (task) => requestApproval(deps, task),
    verifyApproval: (task) => verifyApproval(deps, task),
    forget: (runId) => rm(journalsOfRun(deps, runId), { recursive: true, force: true }),
    close: () => runs.close(),
  };
}
