import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { placeOf } from "../target.ts";
import { runPermitted } from "../run-permitted.ts";
import { machine, timeout } from "./params.ts";
import { operationsTool } from "./result.ts";
import { NOT_RUN, runAnswer, SHOWN_BYTES } from "./run-answer.ts";
import { secondsOf } from "./seconds.ts";

export const run_remote_command = operationsTool({
  name: "run_remote_command",
  title: "Run remote command",
  description: "Runs a shell command; a person may be asked first. timeout: seconds.",
  effect: "destroy",
  toolset: "teleport",
  asks: true,
  empty: NOT_RUN,
  input: z.strictObject({ ...machine, command: z.string().max(65_536), timeout }),
  async run({ cluster, node, user, command, timeout: asked }, deps, call, said) {
    if (command.trim() === "") throw new OpsError("invalid_input", "Command cannot be empty", { hint: "Give the command to run." });
    const place = await placeOf(deps, { cluster, node, user }, "machine", said);
    const seconds = secondsOf(deps, asked);
    const permitted = await runPermitted(
      deps,
      call,
      place.target,
      { kind: "shell", text: command },
      {
        effect: "free",
        timeoutMs: seconds * 1000,
        capture: { for: "model", maxBytes: SHOWN_BYTES },
        title: `Run a command on ${place.target.user}@${place.target.node}`,
        said: { ...said, ...NOT_RUN },
      },
    );
    return "answer" in permitted ? permitted.answer : runAnswer(deps, permitted.run, said, seconds);
  },
});
