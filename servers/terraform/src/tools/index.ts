import { cancel_workflow } from "./cancel_workflow.ts";
import { destroy_workspaces } from "./destroy_workspaces.ts";
import { execute_workflow } from "./execute_workflow.ts";
import { get_outputs } from "./get_outputs.ts";
import { get_plan } from "./get_plan.ts";
import { get_workflow_status } from "./get_workflow_status.ts";
import { list_runs } from "./list_runs.ts";
import { list_workflows } from "./list_workflows.ts";
import { request_approval } from "./request_approval.ts";

/** The tools, in the order in which clients see them. */
export const tools = [
  list_workflows,
  execute_workflow,
  get_workflow_status,
  get_plan,
  request_approval,
  get_outputs,
  list_runs,
  cancel_workflow,
  destroy_workspaces,
] as const;
