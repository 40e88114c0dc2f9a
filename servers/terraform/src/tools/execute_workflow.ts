import { OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { tool } from "../deps.ts";
import { loadInfra } from "../infra/load-infra.ts";
import { startRun } from "../runs/start-run.ts";
import { startedAnswer } from "../runs/started-answer.ts";
import { configPath } from "./params.ts";

export const execute_workflow = tool({
  name: "execute_workflow",
  title: "Execute workflow",
  description:
    "Starts a durable run over Terraform/OpenTofu workspaces and returns its id at once. Give config_path, or config inline with the same keys. " +
    "Operations [init, validate, plan] only show what would change; with apply the run plans, then waits for an approval before it changes anything. " +
    "Next: get_workflow_status with wait_seconds.",
  effect: "write",
  toolset: "runs",
  input: z.strictObject({
    workflow_name: z.string().max(100).default("ParentWorkflow").describe("Always ParentWorkflow."),
    config_path: configPath.optional(),
    config: z
      .record(z.string().max(100), z.unknown())
      .optional()
      .describe(
        "Inline configuration: {workspace_root?, workspaces: [{name, kind?, dir?, tfvars?, dependsOn?, inputs?, operations?, taskQueue?, extraVars?}]}. Without dir a workspace takes its definition from config_path or from the one file that defines it.",
      ),
    only: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(500)
      .optional()
      .describe("Names of the workspaces to run; what they depend on is read, not run."),
  }),
  async run({ workflow_name, config_path, config, only }, deps, call) {
    if (workflow_name !== "ParentWorkflow") {
      throw new OpsError("invalid_input", `Unsupported workflow: ${workflow_name}`, {
        hint: 'Use workflow_name "ParentWorkflow", or leave it out.',
      });
    }
    if (config_path === undefined && config === undefined) {
      throw new OpsError("invalid_input", "Provide config_path or config", {
        hint: 'Call again with config_path, such as "infra.yaml"; list_workflows shows what one defines.',
      });
    }
    const loaded = await loadInfra({
      ...(config_path === undefined ? {} : { config_path }),
      ...(config === undefined ? {} : { config }),
      ...(only === undefined ? {} : { only }),
      roots: [...deps.roots],
      cwd: deps.config.cwd,
      entry: deps.config.entry,
    });
    call.progress("Starting the run");
    const started = await startRun(deps, { config: loaded.config, selected: loaded.selected, requester: call.actor });
    return startedAnswer(started, loaded.notes);
  },
});
