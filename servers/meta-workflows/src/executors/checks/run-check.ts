import { OpsError } from "@platform-ops/errors";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";
import type { CallOptions, CallOutcome, ServerCall } from "@platform-ops/meta-workflow-registry/run";
import type { CallContext } from "../executor-deps.ts";
import type { ToolPorts } from "../tools/call-tool.ts";
import { plainArguments } from "../tools/plain-arguments.ts";
import { CHECKS } from "./checks.ts";

/** No look takes longer, whatever a definition says; a test command has the step's own time. */
const LOOK_MS = 120_000;

/**
 * Makes a check. That something is not as it should be is an answer (`ok: false`), that nobody could look is a failure.
 * @throws OpsError not_found for a check that there is not, invalid_input, and what the look met
 */
export async function runCheck(
  ports: ToolPorts,
  call: Extract<ServerCall, { kind: "check" }>,
  options: CallOptions,
  context: CallContext,
): Promise<CallOutcome> {
  const check = CHECKS.get(call.check);
  if (check === undefined)
    throw new OpsError("not_found", `There is no check ${JSON.stringify(call.check.slice(0, 100))}.`, {
      hint: `There are ${[...CHECKS.keys()].join(", ")}.`,
    });
  const answer = await check.run(ports, plainArguments(call.with), {
    call: context,
    options,
    timeoutMs: Math.min(options.timeout, LOOK_MS),
  });
  return { status: "done", output: ports.deps.redactor.value(answer) as Json, simulated: false };
}
