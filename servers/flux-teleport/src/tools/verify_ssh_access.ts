import { z } from "zod";
import { runPermitted } from "../run-permitted.ts";
import { placeOf } from "../target.ts";
import { machine } from "./params.ts";
import { done, failed, operationsTool } from "./result.ts";
import { NOT_RUN, runData, runFailure, runText } from "./run-answer.ts";

/** As in the source. */
const SECONDS = 15;

export const verify_ssh_access = operationsTool({
  name: "verify_ssh_access",
  title: "Verify SSH access",
  description: "Whether a login works on a machine.",
  effect: "read",
  toolset: "teleport",
  empty: { accessible: false },
  input: z.strictObject({ ...machine }),
  async run(where, deps, call, said) {
    const { target } = await placeOf(deps, where, "machine", said);
    const permitted = await runPermitted(
      deps,
      call,
      target,
      { kind: "program", program: "true", args: [] },
      {
        effect: "read",
        timeoutMs: SECONDS * 1000,
        capture: { for: "model", maxBytes: 1000 },
        title: `Check the login ${target.user}@${target.node}`,
        said: { ...said, accessible: false, ...NOT_RUN },
      },
    );
    if ("answer" in permitted) return permitted.answer;
    const { run } = permitted;
    const failure = runFailure(run, SECONDS);
    const data = { accessible: failure === undefined, ...runData(run) };
    if (failure !== undefined) return failed(deps, failure, said, data, run.state === "completed" ? runText(run) : "");
    return done(`Successfully connected to ${target.user}@${target.node} via ${target.cluster}`, data);
  },
});
