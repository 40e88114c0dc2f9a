import { z } from "zod";
import { tool } from "../deps.ts";
import { describeConfigs } from "../infra/describe-configs.ts";
import { configPath } from "./params.ts";

export const list_workflows = tool({
  name: "list_workflows",
  title: "List workflows",
  description:
    "Lists the Terraform/OpenTofu workspaces that a configuration defines, with their dependencies and operations; runs nothing. " +
    "config_path may be a glob such as `*/infra.yaml` to list several environments. Next: execute_workflow with the same config_path.",
  effect: "read",
  toolset: "runs",
  openWorld: false,
  input: z.strictObject({ config_path: configPath.default("infra.yaml") }),
  async run({ config_path }, deps) {
    const listed = await describeConfigs({ config_path, roots: deps.roots, cwd: deps.config.cwd, entry: deps.config.startedAs });
    return { text: JSON.stringify(listed, null, 2), data: { ...listed } };
  },
});
