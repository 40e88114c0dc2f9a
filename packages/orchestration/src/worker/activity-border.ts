import { randomUUID } from "node:crypto";
import { OpsError, isOpsError } from "@platform-ops/errors";
import type { Logger } from "@platform-ops/ledger";
import { CancelledFailure, type Context } from "@temporalio/activity";
import { ApplicationFailure } from "@temporalio/common";
import type { ActivityInterceptors } from "@temporalio/worker";
import { isForeign } from "../codec/foreign.ts";
import { toApplicationFailure } from "../failure/application-failure.ts";
import { endedEarly } from "./activity-signals.ts";

function failureOf(thrown: unknown, context: Context, logger: Logger): unknown {
  const early = endedEarly(thrown);
  if (early instanceof ApplicationFailure || early instanceof CancelledFailure) return early;
  if (isOpsError(early)) return toApplicationFailure(early);
  const id = randomUUID();
  logger.error("An activity failed in a way that was not foreseen.", {
    id,
    activity: context.info.activityType,
    workflow_id: context.info.workflowExecution?.workflowId,
    error: early,
  });
  return toApplicationFailure(new OpsError("unexpected", `A step failed in a way that was not foreseen (${id}).`, { details: { id } }));
}

/**
 * The border of every activity: arguments that were not sealed by us are refused, what is thrown becomes the one mapping's
 * failure (never retried unless the activity says so), and words that we did not write stay in our log.
 */
export function activityBorder(logger: Logger): (context: Context) => ActivityInterceptors {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        if (input.args.some(isForeign))
          throw toApplicationFailure(
            new OpsError("not_allowed", "The arguments were not sealed by this data directory's key; they are refused."),
          );
        try {
          return await next(input);
        } catch (error) {
          throw failureOf(error, context, logger);
        }
      },
    },
  });
}
