import { hasCode, OpsError } from "@platform-ops/errors";
import { z } from "zod";
import { tool, type TerraformDeps } from "../deps.ts";
import { describeInfra, describeMissing } from "../infra/describe-infra.ts";
import { isGlob } from "../infra/glob.ts";
import { listInfra } from "../infra/list-infra.ts";
import { loadInfra } from "../infra/load-infra.ts";
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
    const listed = isGlob(config_path) ? await listSeveral(config_path, deps) : await listOne(config_path, deps);
    return { text: JSON.stringify(listed, null, 2), data: listed };
  },
});

async function listOne(config_path: string, deps: TerraformDeps): Promise<Record<string, unknown>> {
  try {
    const { config, written, notes } = await loadInfra({ config_path, roots: deps.roots, cwd: deps.config.cwd, entry: deps.config.entry });
    return { ...describeInfra(config, written), ...(notes.length > 0 ? { notes } : {}) };
  } catch (error) {
    if (!hasCode(error, "config_not_found")) throw error;
    const { error: message, input_schema } = describeMissing(config_path);
    throw new OpsError("config_not_found", message, { hint: error.hint, details: { ...error.details, input_schema } });
  }
}

async function listSeveral(pattern: string, deps: TerraformDeps): Promise<Record<string, unknown>> {
  const { configs, truncated } = await listInfra({ pattern, roots: deps.roots, cwd: deps.config.cwd, entry: deps.config.entry });
  const described = configs.map((found) => ("loaded" in found ? describeInfra(found.loaded.config, found.loaded.written) : { config_path: found.config_path, error: found.failure }));
  return { config_path: pattern, configs: described, config_count: described.length, truncated };
}
