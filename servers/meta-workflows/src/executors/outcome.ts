import { isOpsError, type OpsError } from "@platform-ops/errors";
import type { CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import type { Json } from "@platform-ops/meta-workflow-registry/definition";

/** It was done, by the real thing. */
export function done(output: Json): CallOutcome {
  return { status: "done", output, simulated: false };
}

/** It was not done, or what was done is no success; `output` is what there is to see of it. */
export function failed(code: string, message: string, output?: Json): CallOutcome {
  return { status: "failed", code, message, ...(output === undefined ? {} : { output }) };
}

/** A failure that we worded: `unknown` where a call that changes things may have happened. */
export function outcomeOf(error: unknown, readOnly: boolean): CallOutcome {
  if (!isOpsError(error)) throw error;
  const mayHaveRun = error.details["may_have_run"] === true || error.code === "in_doubt";
  if (mayHaveRun && !readOnly) return { status: "unknown", message: sentence(error) };
  return failed(error.code, sentence(error));
}

const sentence = ({ message, hint }: OpsError): string => (hint === "" ? message : `${message} ${hint}`);
