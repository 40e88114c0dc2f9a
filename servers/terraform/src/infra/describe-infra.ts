import type { InfraConfig } from "./infra-config.ts";
import { printable } from "./printable.ts";

/** The result of `list_workflows` for one file; keys as the source document spells them. */
export interface InfraDescription extends Record<string, unknown> {
  config_path: string;
  workspace_root: string;
  workflows: {
    name: "ParentWorkflow";
    description: string;
    configured_workspaces: DescribedWorkspace[];
    workspace_count: number;
  }[];
}

export interface DescribedWorkspace {
  name: string;
  kind: string;
  dir: string;
  dependsOn: string[];
  operations: string[];
  tfvars?: string;
  taskQueue?: string;
}

/** A configuration as `list_workflows` answers it; `written` holds what the caller asked for and the file says. */
export function describeInfra(config: InfraConfig, written: { config_path?: string; workspace_root?: string } = {}): InfraDescription {
  return {
    config_path: written.config_path ?? config.config_path ?? "",
    workspace_root: written.workspace_root ?? config.workspace_root,
    workflows: [
      {
        name: "ParentWorkflow",
        description: "Orchestrates terraform operations across multiple workspaces with dependencies",
        configured_workspaces: config.workspaces.map(({ name, kind, dir, dependsOn, operations, tfvars, taskQueue }) => ({
          name,
          kind,
          dir,
          dependsOn: [...dependsOn],
          operations: [...operations],
          ...(tfvars === undefined ? {} : { tfvars }),
          ...(taskQueue === undefined ? {} : { taskQueue }),
        })),
        workspace_count: config.workspaces.length,
      },
    ],
  };
}

/** What `list_workflows` says of a file that is not there. The words are the source's; the result is an error all the same. */
export function describeMissing(configPath: string): { error: string; input_schema: Record<string, unknown> } {
  const text = (description: string, more: object = {}) => ({ type: "string", description, ...more });
  return {
    error: `Config file not found: ${printable(configPath)}. Using default schema.`,
    input_schema: {
      workspace_root: text("Base of relative dir and tfvars; empty or '.' is the working directory"),
      workspaces: {
        type: "array",
        minItems: 1,
        items: {
          type: "object",
          required: ["name", "dir"],
          properties: {
            name: text("Unique name; letters, digits, '.', '_' and '-'"),
            kind: text("terraform or tofu", { default: "terraform" }),
            dir: text("Directory of the configuration, relative to workspace_root or absolute"),
            tfvars: text("Variable file (.tfvars or .json)"),
            dependsOn: { type: "array", items: { type: "string" }, description: "Workspaces that must be done first" },
            inputs: {
              type: "array",
              items: { type: "object", required: ["sourceWorkspace", "sourceOutput", "targetVar"] },
              description: "Outputs of other workspaces set as variables here",
            },
            operations: {
              type: "array",
              items: { enum: ["init", "validate", "plan", "apply"] },
              default: ["init", "validate", "plan", "apply"],
            },
            taskQueue: text("Temporal task queue of this workspace"),
            extraVars: { type: "object", description: "Variables with their values; win over tfvars" },
          },
        },
      },
    },
  };
}
