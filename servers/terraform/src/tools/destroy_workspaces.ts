import { z } from "zod";
import { tool } from "../deps.ts";
import { loadInfra } from "../infra/load-infra.ts";
import { requireDependents } from "../runs/require-dependents.ts";
import { startRun } from "../runs/start-run.ts";
import { startedAnswer } from "../runs/started-answer.ts";
import { configPath } from "./params.ts";

export const destroy_workspaces = tool({
  name: "destroy_workspaces",
  title: "Destroy workspaces",
  description:
    "Starts a durable run that destroys all that the named workspaces made, dependents first. It plans all of it, then always waits for a person's approval. " +
    "Next: get_workflow_status with wait_seconds.",
  effect: "destroy",
  toolset: "destroy",
  input: z.strictObject({
    config_path: configPath.default("infra.yaml"),
    only: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(500)
      .describe("Names of the workspaces to destroy; list_workflows lists them. What depends on them must be named too."),
  }),
  async run({ config_path, only }, deps, call) {
    const loaded = await loadInfra({ config_path, only, roots: [...deps.roots], cwd: deps.config.cwd, entry: deps.config.entry });
    requireDependents(loaded);
    call.progress("Starting the run");
    const started = await startRun(deps, { config: loaded.config, selected: loaded.selected, requester: call.actor, destroy: true });
    return startedAnswer(started, loaded.notes);
  },
});
