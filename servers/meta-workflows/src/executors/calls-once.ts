import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isOpsError } from "@platform-ops/errors";
import { canonicalJson, sha256 } from "@platform-ops/ledger";
import type { CallOptions, CallOutcome } from "@platform-ops/meta-workflow-registry/run";
import type { CallContext, ExecutorDeps } from "./executor-deps.ts";
import { journalsOfRun } from "./programs/run-program.ts";

/**
 * Makes a call that must not be made twice, whatever becomes of the workers: what was begun and not ended has an unknown
 * outcome, and what ended has the same one for whoever asks again. A call that certainly did nothing may be made anew.
 */
export async function callOnce(
  deps: Pick<ExecutorDeps, "artifacts" | "journals">,
  options: Pick<CallOptions, "path" | "effect_key">,
  context: Pick<CallContext, "run_id">,
  make: () => Promise<CallOutcome>,
): Promise<CallOutcome> {
  const folder = join(
    journalsOfRun(deps, context.run_id),
    `${sha256(canonicalJson([options.path, options.effect_key])).slice(0, 32)}.call`,
  );
  const ended = join(folder, "outcome");
  const earlier = await readFile(ended, "utf8").catch(() => undefined);
  if (earlier !== undefined) return deps.artifacts.getJson<CallOutcome>(earlier);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(join(folder, "begun"), "", { flag: "wx", mode: 0o600, flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return {
      status: "unknown",
      message: "The call was begun before, and nobody heard its end: look at what it changes before it is made again.",
    };
  }
  const outcome = await make().catch(async (error: unknown) => {
    if (isOpsError(error) && error.details["may_have_run"] !== true) await rm(folder, { recursive: true, force: true });
    throw error;
  });
  if (outcome.status === "failed" && outcome.code === "approval_needed") await rm(folder, { recursive: true, force: true });
  else await writeFile(ended, await deps.artifacts.putJson(outcome, { kind: "call_outcome" }), { mode: 0o600, flush: true });
  return outcome;
}
