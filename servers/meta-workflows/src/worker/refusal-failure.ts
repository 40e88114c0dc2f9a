import { OpsError, type ErrorCode } from "@platform-ops/errors";
import type { Refusal } from "@platform-ops/meta-workflow-registry/run";

/** A refusal of the protocol as our error: its class stays in the details, what to do next is the hint. */
export function refusalError({ code, message, do_next, retryable, details }: Refusal): OpsError {
  return new OpsError(code.toLowerCase() as ErrorCode, message, {
    hint: do_next,
    retryable,
    details: { ...details, class: code, do_next },
  });
}
